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
export function watch(context: BrowserContext, complaints: string[]): void {
  context.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      complaints.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  context.on("weberror", (error) => complaints.push(`page error: ${error.error().message}`));
  context.on("requestfailed", (request) => {
    const why = request.failure()?.errorText ?? "no reason given";
    // A stream is closed by its reader; the browser calls that aborted.
    const closed = request.resourceType() === "eventsource" && why === "net::ERR_ABORTED";
    if (!closed) {
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
  context: async ({ context, complaints }, use) => {
    watch(context, complaints);
    await use(context);
  },
});

export { expect };
