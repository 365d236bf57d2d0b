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

test.describe("a run that is not there", () => {
  test.use({ expected: [/404/] });

  test("is said so plainly", async ({ page }) => {
    const response = await page.goto("/run/0000000000zz");
    expect(response?.status()).toBe(404);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("There is no such run.");
  });
});
