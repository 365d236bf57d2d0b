import AxeBuilder from "@axe-core/playwright";
import { expect, hydrated, test } from "./fixtures";
import { breakIt, card, open } from "./onsale";

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in ${colorScheme} colours`, () => {
    test.use({ colorScheme });

    test("the on-sale is accessible before and after a burst, and so is the run's page", async ({ page }) => {
      await open(page, "naive");
      expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
      await breakIt(page);
      await expect(card(page).getByText(/Violated ✗/).first()).toBeVisible();
      // The map is read again, and pale for that moment.
      await expect(page.locator(".seats")).toHaveAttribute("aria-busy", "false");
      expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
      await card(page).getByRole("link", { name: "This run, for ever" }).click();
      await expect(page.getByRole("heading", { name: "Plan and engine" })).toBeVisible();
      expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
    });

    test("the Proof panel is accessible", async ({ page }) => {
      await page.goto("/proof");
      expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
    });
  });
}

test("the Proof panel shows the purchase function from its very file", async ({ page }) => {
  await page.goto("/evidence");
  await expect(page).toHaveURL(/\/proof$/);
  await expect(page.locator("main")).toContainText("pub async fn purchase");
  await expect(page.locator("main")).toContainText("not measured here yet");
});

test.describe("an address that is not there", () => {
  test.use({ expected: [/404/] });

  test("leads back", async ({ page }) => {
    const response = await page.goto("/no-such-page");
    expect(response?.status()).toBe(404);
    await expect(page.getByRole("link", { name: "On-sale" }).first()).toBeVisible();
  });
});

// The picture in the README.
test("the on-sale poses for the README", async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await open(page, "naive");
  await breakIt(page);
  await hydrated(page);
  await expect(card(page).getByText(/Violated ✗/).first()).toBeVisible();
  const picture = process.env.WORLDSEAT_PICTURE;
  await page.screenshot({ path: picture ?? test.info().outputPath("on-sale.png") });
});
