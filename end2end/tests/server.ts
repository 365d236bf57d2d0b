// A server of a test's own: for tests that hurt it, or need one on which nothing was measured.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { test as base } from "./fixtures";

const binary = process.env.WORLDSEAT_BIN ?? resolve(__dirname, "../../target/debug/worldseat");

export class OwnServer {
  private constructor(
    private readonly child: ChildProcess,
    /** Where it answers. */
    readonly url: string,
  ) {}

  static async start(flags: string[]): Promise<OwnServer> {
    const env = { ...process.env, TMPDIR: process.env.WORLDSEAT_TMPDIR ?? tmpdir() };
    const child = spawn(binary, ["serve", "--addr", "127.0.0.1:0", ...flags], { env, stdio: ["ignore", "pipe", "ignore"] });
    const url = await new Promise<string>((found, failed) => {
      createInterface({ input: child.stdout! }).once("line", found);
      child.once("exit", (code) => failed(new Error(`the server did not start: exit code ${code}`)));
    });
    return new OwnServer(child, url);
  }

  /** Ends it as Ctrl-C does, so that it removes its databases. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill("SIGINT");
    await ended;
  }

  /** PostgreSQL crashes: every connection is cut, nothing is flushed. */
  crashPostgres(): void {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        const parent = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ")[1];
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        if (parent === String(this.child.pid) && words.includes("-D")) process.kill(Number(pid), "SIGQUIT");
      } catch {
        // A process that ended while we looked.
      }
    }
  }

  /** Runs a verb of the binary against it, to its end. */
  run(...words: string[]): string {
    return execFileSync(binary, words, { encoding: "utf8" });
  }
}

export const test = base.extend<{ flags: string[]; own: OwnServer }>({
  // After the server, so that it goes before it: what the browser still asks when a test ends is answered.
  context: async ({ own: _, context }, use) => use(context),
  /** What `worldseat serve` is told. */
  flags: [[], { option: true }],
  own: async ({ flags }, use) => {
    const own = await OwnServer.start(flags);
    await use(own);
    await own.stop();
  },
});
