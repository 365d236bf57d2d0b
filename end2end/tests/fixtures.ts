// Import `test` and `expect` from here: a test then also fails on anything the browser complains about.
import { expect, test as base, type BrowserContext, type Page } from "@playwright/test";

/** Waits until the islands answer to clicks: they set `data-hydrated` on the root element. */
export async function hydrated(page: Page): Promise<void> {
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
}

/**
 * Collects what the browser complains about, on every page of the context.
 *
 * The `page` and `context` of a test are watched already; a second buyer's `browser.newContext()` is not.
 */
export function watch(context: BrowserContext, complaints: string[], javaScript = true): void {
  context.on("console", (message) => {
    // Without JavaScript nothing uses what the page loads ahead for it.
    const harmless = !javaScript && message.text().includes("preloaded using link preload but not used");
    if (!harmless && (message.type() === "error" || message.type() === "warning")) {
      complaints.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  context.on("weberror", (error) => complaints.push(`page error: ${error.error().message}`));
  context.on("requestfailed", (request) => {
    const why = request.failure()?.errorText ?? "no reason given";
    // Aborted: its reader closed the stream, or the page was left while it loaded. A server that does not
    // answer is called otherwise. And a browser without JavaScript refuses the script as if by policy ("csp").
    const harmless = why === "net::ERR_ABORTED" || (why === "csp" && !javaScript && request.resourceType() === "script");
    if (!harmless) {
      complaints.push(`request failed: ${request.method()} ${request.url()}: ${why}`);
    }
  });
}

type Options = {
  /** Complaints a test provokes on purpose, for instance a page that is not there: `test.use({ expected: [/404/] })`. */
  expected: RegExp[];
};

type Fixtures = {
  /** What the browser complained about so far. */
  complaints: string[];
};

export const test = base.extend<Options & Fixtures>({
  expected: [[], { option: true }],
  complaints: async ({ expected }, use) => {
    const complaints: string[] = [];
    await use(complaints);
    const unexpected = complaints.filter((complaint) => !expected.some((pattern) => pattern.test(complaint)));
    expect(unexpected, "the browser complained").toEqual([]);
  },
  context: async ({ context, complaints, javaScriptEnabled }, use) => {
    watch(context, complaints, javaScriptEnabled);
    await use(context);
  },
});

export { expect };
