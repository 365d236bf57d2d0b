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

test.describe("a run that is not there", () => {
  test.use({ expected: [/404/] });

  test("is said so plainly", async ({ page }) => {
    const response = await page.goto("/run/0000000000zz");
    expect(response?.status()).toBe(404);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("There is no such run.");
  });
});
