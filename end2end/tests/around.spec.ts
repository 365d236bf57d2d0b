// What stands around the page: translators, extensions, a proxy, a browser that keeps no cookie, a stream that breaks.
import { createServer, request as ask, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, hydrated } from "./fixtures";
import { breakIt, card, seat } from "./onsale";
import { test } from "./server";

test.use({ flags: ["--no-foil"] });

test("a page that a translator and extensions changed before it woke up still works", async ({ page, own }) => {
  let letGo = () => {};
  const changed = new Promise<void>((done) => (letGo = done));
  await page.route("**/*.wasm", async (route) => {
    await changed;
    await route.continue();
  });
  await page.goto(`${own.url}/`, { waitUntil: "domcontentloaded" });
  await page.evaluate(() => {
    const island = document.querySelector("leptos-island")!;
    // As Google Translate does: every text in two <font> elements.
    const texts = document.createTreeWalker(island, NodeFilter.SHOW_TEXT);
    const found: Text[] = [];
    while (texts.nextNode()) if (texts.currentNode.nodeValue!.trim()) found.push(texts.currentNode as Text);
    for (const text of found) {
      const outer = document.createElement("font");
      const inner = outer.appendChild(document.createElement("font"));
      text.replaceWith(outer);
      inner.append(text);
    }
    // As password managers and writing aids do: attributes, and elements beside the fields.
    for (const input of island.querySelectorAll("input")) {
      input.setAttribute("data-gramm", "false");
      input.before(document.createElement("grammarly-extension"));
    }
    // As dark-mode extensions do, and what puts a bar above the page.
    for (const element of island.querySelectorAll<HTMLElement>("*")) element.style.setProperty("--darkreader", "1");
    island.prepend(document.createElement("div"));
  });
  await expect(page.locator("html")).not.toHaveAttribute("data-hydrated", "true");
  letGo();
  await hydrated(page);
  await seat(page, "C7").click();
  await expect(page.locator(".notice")).toContainText("Seat C7 is yours");
  await expect(seat(page, "C7")).toHaveAccessibleName(/yours/);
  await expect(page.locator("leptos-island font")).toHaveCount(0);
  await breakIt(page);
  await expect(card(page).getByText(/Linearizable ✓/).first()).toBeVisible();
});

/**
 * A proxy that sends its own Host, tells the visitor's elsewhere, and can cut every event stream that it passes on.
 * Without cookies it stands for a browser that keeps none.
 */
async function proxy(to: string, { cookies } = { cookies: true }): Promise<{ url: string; server: Server; cut: () => void }> {
  const open = new Set<() => void>();
  const server = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, host: "backend.internal", "x-forwarded-host": incoming.headers.host! };
    if (!cookies) delete (headers as IncomingHttpHeaders).cookie;
    const onward = ask(to + incoming.url, { method: incoming.method, headers }, (answer) => {
      if (!cookies) delete answer.headers["set-cookie"];
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
      const cut = () => outgoing.destroy();
      if (answer.headers["content-type"] === "text/event-stream") open.add(cut);
      outgoing.on("close", () => {
        open.delete(cut);
        answer.destroy();
      });
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, server, cut: () => open.forEach((cut) => cut()) };
}

test.describe("behind a proxy", () => {
  test.use({ expected: [/ERR_INCOMPLETE_CHUNKED_ENCODING/] });

  test("buying works, and a burst whose stream was cut is shown to its end", async ({ page, own }) => {
    const { url, server, cut } = await proxy(own.url);
    const seen: (string | undefined)[] = [];
    server.on("request", (request) => {
      if (request.url!.endsWith("/events")) seen.push(request.headers["last-event-id"] as string | undefined);
    });
    await page.goto(`${url}/`);
    await hydrated(page);
    await seat(page, "B2").click();
    await expect(page.locator(".notice")).toContainText("Seat B2 is yours");
    await page.getByRole("textbox", { name: "Think" }).fill("2000");
    await page.getByRole("button", { name: "Break it", exact: true }).click();
    await expect(card(page)).toContainText("60 buyers read seat A1 and think");
    cut();
    await expect(card(page).getByText(/Linearizable ✓/).first()).toBeVisible({ timeout: 20_000 });
    await expect(card(page)).toContainText("60 of 60");
    expect(seen.slice(0, 2), "the browser took it up after the plan").toEqual([undefined, "0"]);
    server.closeAllConnections();
    server.close();
  });
});

for (const javaScriptEnabled of [true, false]) {
  test.describe(`without cookies, ${javaScriptEnabled ? "with" : "without"} JavaScript`, () => {
    test.use({ javaScriptEnabled });

    test("a visitor sees the ticket and is told that it cannot be shown again", async ({ page, own }) => {
      const { url, server } = await proxy(own.url, { cookies: false });
      await page.goto(`${url}/`);
      if (javaScriptEnabled) await hydrated(page);
      await seat(page, "D4").click();
      await expect(page.locator(".notice")).toContainText("Seat D4 is yours. Confirmation code");
      const tickets = page.getByRole("region", { name: "My tickets" });
      await expect(tickets).toContainText(await page.locator(".notice code").innerText());
      await expect(tickets).toContainText("This browser keeps no cookie.");
      await expect(seat(page, "D4")).toHaveAccessibleName(/yours/);
      server.closeAllConnections();
      server.close();
    });
  });
}
