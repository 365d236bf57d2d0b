// PostgreSQL dies: the page says which database does not answer, where it happened, and the rest keeps working.
import { expect, hydrated } from "./fixtures";
import { card, seat } from "./onsale";
import { test } from "./server";

test.use({ expected: [/status of 503/] });

const away = "PostgreSQL (stand-in for Aurora DSQL) does not answer";

test("a page that is opened while the database is away says which, and the foil still sells", async ({ page, own }) => {
  own.crashPostgres();
  await expect(async () => {
    await page.goto(`${own.url}/?backend=dsql`);
    await expect(page.locator(".notice")).toContainText(away, { timeout: 500 });
  }).toPass();
  await expect(page.getByText(/of 96 sold/), "no seat is shown as free").toHaveCount(0);
  await page.goto(`${own.url}/?backend=naive`);
  await hydrated(page);
  await seat(page, "B2").click();
  await expect(page.getByText("Seat B2 is yours")).toBeVisible();
});

test("a database that dies while the page is open is named where it happens", async ({ page, own }) => {
  test.setTimeout(90_000);
  await page.goto(`${own.url}/?backend=dsql`);
  await hydrated(page);
  await page.getByRole("textbox", { name: "Think" }).fill("1500");
  await page.getByRole("button", { name: "Break it", exact: true }).click();
  await expect(card(page)).toContainText("60 buyers read seat A1 and think");
  own.crashPostgres();
  // Every buyer is told something.
  await expect(card(page)).toContainText("60 of 60", { timeout: 20_000 });
  await seat(page, "C3").click();
  await expect(page.locator(".notice")).toContainText("does not answer");
  // The ledger is asked for half a minute; then the card says that it could not be read back.
  await expect(card(page)).toContainText("did not let its ledger be read back within 30 s", { timeout: 60_000 });
  await page.getByText("DynamoDB · foil").click();
  await seat(page, "C3").click();
  await expect(page.getByText("Seat C3 is yours")).toBeVisible();
  // Whoever chooses it again is told so at the choice, which goes back.
  await page.getByText("Aurora DSQL", { exact: true }).click();
  await expect(page.locator(".hint")).toContainText("does not answer");
  await expect(page.getByRole("radio", { name: "DynamoDB · foil" })).toBeChecked();
  await expect(page).toHaveURL(/backend=naive/);
});
