import { expect, test } from "../fixtures";
import { card } from "../onsale";

test("a run is shown, searched, sorted and taken home without JavaScript", async ({ page }) => {
  await page.goto("/?backend=naive");
  await page.getByRole("button", { name: "Break it", exact: true }).click();
  await expect(card(page).getByText(/Violated ✗/).first()).toBeVisible();
  await expect(page.locator("svg.lanes .bar")).toHaveCount(60);
  await expect(page.locator(".buyers tbody tr")).toHaveCount(30);
  await page.getByRole("link", { name: "Next page" }).click();
  await expect(page.locator(".buyers tbody tr").first()).toContainText("buyer-30");
  await page.getByRole("link", { name: "Ended", exact: true }).click();
  await expect(page.getByRole("columnheader", { name: "Ended" })).toHaveAttribute("aria-sort", "ascending");
  await page.getByRole("searchbox").fill("buyer-17");
  await page.getByRole("button", { name: "Search" }).click();
  await expect(page.locator(".buyers tbody tr")).toHaveCount(1);
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "run.json" }).click();
  expect((await download).suggestedFilename()).toMatch(/^worldseat-[0-9a-z]{12}-run\.json$/);
});

test("the Proof panel is complete without JavaScript", async ({ page }) => {
  await page.goto("/proof");
  await expect(page.locator("main")).toContainText("pub async fn purchase");
  await expect(page.locator(".verdict-word")).toContainText("Violated ✗");
  await expect(page.locator(".diagram svg")).toBeVisible();
});
