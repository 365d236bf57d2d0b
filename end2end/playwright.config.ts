// Two ways to look at the same pages: with JavaScript (`js`) and without (`nojs`).
//
// `cargo xtask test` sets WORLDSEAT_BIN, WORLDSEAT_PORT and CHROMIUM; without them the dev build is served on
// port 3117, so that `npx playwright test` works too once `cargo xtask build` has run.
import { defineConfig } from "@playwright/test";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";

const root = resolve(__dirname, "..");
const binary = process.env.WORLDSEAT_BIN ?? resolve(root, "target/debug/worldseat");
const address = `127.0.0.1:${process.env.WORLDSEAT_PORT ?? "3117"}`;

// Undefined: Playwright's own download.
const chromium = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/chromium-browser"].find(
  (path) => path && existsSync(path),
);

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  workers: 2,
  retries: 0,
  forbidOnly: true,
  reporter: "list",
  timeout: 30_000,
  projects: [
    { name: "js", testIgnore: "**/nojs/**" },
    { name: "nojs", testDir: "tests/nojs", use: { javaScriptEnabled: false } },
  ],
  use: {
    baseURL: `http://${address}`,
    browserName: "chromium",
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: chromium,
      args: [
        "--no-sandbox",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-domain-reliability",
        "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication",
      ],
    },
  },
  webServer: {
    command: `exec "${binary}" serve --addr ${address}`,
    cwd: root,
    env: { TMPDIR: process.env.WORLDSEAT_TMPDIR ?? tmpdir() },
    url: `http://${address}/`,
    timeout: 60_000,
    reuseExistingServer: false,
    // The server removes its databases when it is asked, not killed, to stop.
    gracefulShutdown: { signal: "SIGINT", timeout: 10_000 },
    stdout: "ignore",
    stderr: "pipe",
  },
});
