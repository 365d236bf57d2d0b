import { expect, test } from "../fixtures";
import { card, seat } from "../onsale";

test("buying, seeing the ticket and resetting need no JavaScript", async ({ page }) => {
  await page.goto("/?backend=dsql");
  await seat(page, "B2").click();
  await expect(page.locator(".notice")).toContainText("Seat B2 is yours. Confirmation code");
  const code = await page.locator(".notice code").innerText();
  await expect(page.getByRole("region", { name: "My tickets" })).toContainText(code);
  await expect(seat(page, "B2")).toHaveAccessibleName(/yours/);

  await page.getByRole("button", { name: "Reset floor" }).click();
  await expect(seat(page, "B2")).toHaveAccessibleName(/free/);
  await expect(page.getByRole("region", { name: "My tickets" })).toContainText("an earlier sale of this chair");
});

for (const [backend, verdict] of [
  ["dsql", /Linearizable ✓/],
  ["naive", /Violated ✗ \(\d+ double-sells?\)/],
] as const) {
  test(`Break it on ${backend} leads to the page of its run`, async ({ page }) => {
    await page.goto(`/?backend=${backend}`);
    await page.getByRole("button", { name: "Break it", exact: true }).click();
    await expect(page).toHaveURL(/\/run\/[0-9a-z]{12}$/);
    await expect(card(page).getByText(verdict).first()).toBeVisible();
    await expect(card(page)).toContainText("✓ reconciled");
    if (backend === "naive") {
      await card(page).locator("details.evidence summary").click();
      expect(await card(page).locator("ol.codes li").count()).toBeGreaterThan(1);
    } else {
      await expect(card(page).locator("dd")).toHaveText(["1", "1", "1", "0"]);
    }
  });
}

test("a seat that is taken is said so", async ({ page }) => {
  await page.goto("/?backend=dsql");
  await seat(page, "C3").click();
  await seat(page, "C3").click();
  await expect(page.locator(".notice")).toContainText("Seat C3 was taken a moment ago.");
  await expect(page.getByText(/1 of 96 sold/)).toBeVisible();
});

test("Break it asks before it opens a seat that somebody bought", async ({ page }) => {
  await page.goto("/?backend=dsql");
  await seat(page, "A1").click();
  await page.getByRole("textbox", { name: "Seat" }).fill("A1");
  await page.getByRole("button", { name: "Break it", exact: true }).click();
  await page.getByRole("button", { name: "Yes, open it and break it" }).click();
  await expect(card(page).getByText(/Linearizable ✓/).first()).toBeVisible();
});
