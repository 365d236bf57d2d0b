// A deployment without a foil: the toggle is gone, everything of the product works, and nothing speaks of a comparison
// that is not made there.
import { expect, hydrated } from "./fixtures";
import { card, seat } from "./onsale";
import { test } from "./server";

test.use({ flags: ["--no-foil"], expected: [/status of 404/] });

test("the product alone sells, is broken, and proves itself", async ({ page, own }) => {
  await page.goto(own.url);
  await hydrated(page);
  await expect(page.getByRole("group", { name: "Database" })).toHaveCount(0);
  await seat(page, "B2").click();
  await expect(page.getByText("Seat B2 is yours")).toBeVisible();
  await page.getByRole("button", { name: "Break it", exact: true }).click();
  await expect(card(page).getByText("Linearizable ✓").first()).toBeVisible();
  await expect(page.getByText("foil")).toHaveCount(0);

  const said = own.run("stress", own.url, "--levels", "8", "--think", "20", "--record");
  expect(said).toContain("RESULT: PASS");
  await page.goto(`${own.url}/proof`);
  await expect(page.getByText("RESULT: PASS").first()).toBeVisible();
  await expect(page.getByText("no foil beside it").first()).toBeVisible();
  const other = await page.goto(`${own.url}/?backend=naive`);
  expect(other?.status()).toBe(404);
  await hydrated(page);
  await expect(page.locator(".hint")).toContainText("This deployment has no backend 'naive': it has dsql.");
  await expect(page.getByText("Aurora DSQL").first()).toBeVisible();
});
