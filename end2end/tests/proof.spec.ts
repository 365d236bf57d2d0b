import AxeBuilder from "@axe-core/playwright";
import { expect } from "./fixtures";
import { card } from "./onsale";
import { test } from "./server";

test("a recorded stress test becomes the headline, and its runs can be checked in the browser", async ({ page, own }) => {
  await page.goto(`${own.url}/proof`);
  await expect(page.locator("main")).toContainText("not measured here yet");
  own.run("stress", own.url, "--levels", "8,24", "--think", "20", "--record");

  await page.goto(own.url);
  await expect(page.locator(".headline-pair")).toContainText("0 on the stand-in for Aurora DSQL");
  await page.getByRole("link", { name: "How" }).click();
  await expect(page.locator(".result-line").first()).toHaveText("RESULT: PASS");
  await expect(page.locator(".stress tbody tr:has(td)")).toHaveCount(4);
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);

  await page.locator(".headline .side").last().click();
  await expect(page).toHaveURL(/\/run\/[0-9a-z]{12}$/);
  await page.getByRole("button", { name: "Check it here" }).click();
  await expect(page.locator("#checked")).toContainText(/^Violated ✗ \(\d+ double-sells?\), computed on your machine/);
  await expect(page.locator("#checked")).toContainText("That is what the server claimed when the run ended, and what this page says.");

  // Another run's history agrees with itself; it is not this page's.
  const other = await page.request.get(`${own.url}/run/known-bad/run.json`);
  expect(other.ok()).toBe(true);
  const history = await other.body();
  await page.route("**/run.json", (route) => route.fulfill({ body: history, contentType: "application/json" }));
  await page.getByRole("button", { name: "Check it here" }).click();
  await expect(page.locator("#checked.wrong")).toContainText("the history is that of run known-bad");
});

test("the known-bad history is rejected by the server and by the browser", async ({ page, own }) => {
  await page.goto(`${own.url}/proof`);
  await page.getByRole("link", { name: "See it, and check it in your own browser" }).click();
  await expect(card(page).getByText(/Violated ✗/).first()).toBeVisible();
  await expect(card(page)).not.toContainText("Aurora DSQL");
  await page.getByRole("button", { name: "Check it here" }).click();
  await expect(page.locator("#checked")).toContainText(/^Violated ✗/);
});
