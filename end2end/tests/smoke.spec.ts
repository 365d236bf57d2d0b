import { expect, test } from "./fixtures";

test("the front page answers and says what it is for", async ({ page }) => {
  const response = await page.goto("/");
  expect(response?.status()).toBe(200);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Try to sell it twice");
});
