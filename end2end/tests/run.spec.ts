import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "./fixtures";
import { breakIt, card, open } from "./onsale";

test("a run keeps its page, and its page names no floor", async ({ page }) => {
  await open(page, "naive");
  await breakIt(page);
  const big = await card(page).locator(".big").innerText();
  const floor = (await page.context().cookies()).find((cookie) => cookie.name === "worldseat_floor")?.value ?? "?";
  await card(page).getByRole("link", { name: "This run, for ever" }).click();
  await expect(page).toHaveURL(/\/run\/[0-9a-z]{12}$/);
  await expect(page).toHaveTitle(/Violated ✗/);
  await expect(card(page).locator(".big")).toHaveText(big);
  await expect(card(page)).toContainText("✓ reconciled");
  await expect(page.getByRole("heading", { name: "Plan and engine" })).toBeVisible();
  await expect(page.locator("main")).toContainText("replication lag");
  expect(await page.content()).not.toContain(floor);
});

test("the timeline is read with the keys, and zoomed by links", async ({ page }) => {
  await open(page, "naive");
  await breakIt(page);
  await card(page).getByRole("link", { name: "This run, for ever" }).click();
  const drawing = page.locator("svg.lanes");
  await expect(drawing.locator(".bar")).toHaveCount(60);
  await expect(drawing.locator("text.moment.dup")).toHaveText("sold again: wrong from here on");
  await page.locator(".drawing").focus();
  await page.keyboard.press("End");
  await expect(page.locator(".picked")).toContainText(/^buyer-\d+ in us-east-2 /);
  await page.getByRole("link", { name: "Around the first sale" }).click();
  await expect(page).toHaveURL(/from=\d+&to=\d+#timeline$/);
  await page.getByRole("link", { name: "Whole run" }).click();
  await expect(drawing.locator(".bar")).toHaveCount(60);
});

test("a run of 2,000 is read in columns of its bands, and zoomed until buyers have bars", async ({ page, request }) => {
  test.setTimeout(90_000);
  const burst = await request.post("/api/breakit", { data: { backend: "dsql", concurrency: 2000 } });
  await page.goto(`/run/${(await burst.json()).run}`);
  const drawing = page.locator("svg.lanes");
  const picked = page.locator(".picked");
  await expect(page.locator(".shown")).toContainText("2,000 buyers tried again or were answered in the time shown");
  await expect(picked).toContainText("Point at a band");
  await expect(drawing).toContainText("us-east-1 · 1,000 buyers, answered so far");
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  // Every conflict that the caption counts is read at the end of the bands; both regions have a last column.
  const conflicts = Number(/([\d,]+) conflicts?\./.exec(await page.locator(".timeline > .soft").first().innerText())?.[1]);
  const ends = await drawing.locator(".column:has(+ :not(.column)) title, .column:last-child title").allTextContents();
  const counted = ends.map((text) => Number(/tried again after a conflict: (\d+)/.exec(text)?.[1] ?? 0));
  expect(counted.reduce((sum, n) => sum + n, 0)).toBe(conflicts);
  expect((await drawing.locator("path.conflict").count()) > 0).toBe(conflicts > 0);

  await page.locator(".drawing").focus();
  await page.keyboard.press("ArrowRight");
  await expect(picked).toContainText(/^us-east-1 at \d+ ms: 0 of 1,000 answered/);
  for (let page10 = 0; page10 < 4; page10 += 1) await page.keyboard.press("PageDown");
  await page.keyboard.press("ArrowLeft");
  await expect(picked).toContainText(/^us-east-1 at [\d,]+ ms: 1,000 of 1,000 answered: /);
  await drawing.locator(".column").nth(20).hover();
  await expect(picked).toContainText(/^us-east-1 at [\d,]+ ms: \d+ of 1,000 answered/);

  await page.getByRole("link", { name: "Around the first sale" }).click();
  for (let zoom = 0; zoom < 8 && (await drawing.locator(".column").count()) > 0; zoom += 1) {
    await page.getByRole("link", { name: "Zoom in" }).click();
    await page.waitForLoadState();
  }
  await expect(page.locator(".shown")).toContainText(/^A bar for each of \d+ buyers? .* Not drawn: /);
  await expect(picked).toContainText("Point at a bar");
  expect(await drawing.locator(".bar").count()).toBeLessThanOrEqual(200);
  await page.locator(".drawing").focus();
  await page.keyboard.press("Home");
  await expect(picked).toContainText(/^buyer-\d+ in us-east-\d /);
});

test("the closest look is not offered again, and no label of its axis stands twice", async ({ page }) => {
  await page.goto("/run/known-bad?from=23000&to=23100#timeline");
  await expect(page.getByRole("link", { name: "Zoom in" })).toHaveCount(0);
  await expect(page.getByRole("link", { name: "Zoom out" })).toBeVisible();
  const labels = await page.locator("svg.lanes text[text-anchor]:not(.moment)").allTextContents();
  expect(labels.length).toBeGreaterThan(2);
  expect(new Set(labels).size).toBe(labels.length);
});

test("every finding of the known-bad history is marked", async ({ page }) => {
  await page.goto("/run/known-bad");
  await expect(page.locator("svg.lanes text.moment.dup")).toHaveText(["stale rejection: wrong from here on", "sold again"]);
  await expect(page.locator(".timeline > .soft").first()).toContainText("all answered within 30 ms of the fall of the barrier, 1 conflict.");
  await expect(card(page)).toContainText("answered in 30 ms");
  await expect(page.locator(".key")).toContainText("waiting for a connection");
});

test.describe("a run that is not there", () => {
  test.use({ expected: [/404/] });

  test("is said so plainly", async ({ page }) => {
    const response = await page.goto("/run/0000000000zz");
    expect(response?.status()).toBe(404);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("There is no such run.");
  });
});

test("a run of sixty prints as one sheet", async ({ page }) => {
  await open(page, "naive");
  await breakIt(page);
  await card(page).getByRole("link", { name: "This run, for ever" }).click();
  await expect(page).toHaveURL(/\/run\//);
  const pdf = await page.pdf({ preferCSSPageSize: true });
  expect(pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)).toHaveLength(1);
});
