import { expect, hydrated, test } from "./fixtures";
import { breakIt, card, open, seat, widths } from "./onsale";

test("a bought seat is confirmed, survives a reload, and cannot be bought again", async ({ page }) => {
  await open(page, "dsql");
  await seat(page, "B2").click();
  const notice = page.getByRole("status").filter({ hasText: "Seat B2 is yours" });
  const code = await notice.locator("code").innerText();
  expect(code).toMatch(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/);
  await expect(seat(page, "B2")).toHaveAccessibleName(/yours/);
  await expect(seat(page, "B2")).toBeFocused();

  await page.reload();
  await hydrated(page);
  await expect(seat(page, "B2")).toHaveAccessibleName(/yours/);
  await expect(page.getByRole("region", { name: "My tickets" }).getByText(code)).toBeVisible();

  await seat(page, "B2").click();
  await expect(page.getByRole("status").filter({ hasText: "Seat B2 is yours. Choose a free one" })).toBeVisible();
});

test.describe("somebody else was faster", () => {
  // The browser notes the refusal by its status.
  test.use({ expected: [/status of 409/] });

  test("a seat that somebody took a moment ago is said so at the map", async ({ page, browser, baseURL }) => {
    await open(page, "dsql");
    const link = await page.getByRole("link", { name: "its link" }).getAttribute("href");
    const other = await browser.newContext({ baseURL });
    const friend = await other.newPage();
    await friend.goto(link ?? "");
    await hydrated(friend);
    await seat(friend, "C3").click();
    await expect(friend.getByText("Seat C3 is yours")).toBeVisible();
    await other.close();

    await expect(seat(page, "C3"), "this page has not heard of it").toHaveAccessibleName(/free/);
    await seat(page, "C3").click();
    await expect(page.getByText("Seat C3 was taken a moment ago.")).toBeVisible();
    await expect(seat(page, "C3")).toHaveAccessibleName(/sold/);
  });
});

test("sixty buyers cannot break the product's database", async ({ page }) => {
  await open(page, "dsql");
  await breakIt(page);
  await expect(card(page).getByText("Linearizable ✓").first()).toBeVisible();
  await expect(card(page).locator(".big")).toHaveText("0");
  await expect(card(page)).toContainText("One buyer holds seat A1");
  await expect(card(page)).toContainText("60 of 60");
  await expect(card(page).locator("dd")).toHaveText(["1", "1", "1", "0"]);
  await expect(card(page)).toContainText("✓ reconciled");
  await expect(card(page)).toContainText("stand-in for Aurora DSQL: PostgreSQL");
  await expect(card(page).locator(".marks .won")).toHaveCount(1);
});

test("sixty buyers break the foil, and the tickets are named", async ({ page }) => {
  await open(page, "naive");
  await breakIt(page);
  await expect(card(page).getByText(/Violated ✗ \(\d+ double-sells?\)/).first()).toBeVisible();
  const oversold = Number(await card(page).locator(".big").innerText());
  expect(oversold).toBeGreaterThan(0);
  const holders = String(oversold + 1);
  await expect(card(page).locator("dd")).toHaveText([holders, holders, "1", String(oversold)]);
  await expect(card(page)).toContainText("✓ reconciled");
  await expect(card(page).locator(".marks .dup")).toHaveCount(oversold + 1);
  await expect(seat(page, "A1")).toHaveAccessibleName(/sold twice/);

  await card(page).locator("details.evidence summary").click();
  await expect(card(page).locator("ol.codes li")).toHaveCount(oversold + 1);
  await expect(card(page).locator("ol.codes li").first()).toHaveText(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/);
});

test("a reset opens every seat and keeps the earlier ticket", async ({ page }) => {
  await open(page, "dsql");
  await seat(page, "D4").click();
  await expect(page.getByText("Seat D4 is yours")).toBeVisible();
  await page.getByRole("button", { name: "Reset floor" }).click();
  await expect(page.getByText("Every seat is open again.")).toBeVisible();
  await expect(page.getByText("0 of 96 sold")).toBeVisible();
  await expect(page.getByRole("region", { name: "My tickets" })).toContainText("an earlier sale of this chair");
});

test("Break it asks before it opens a seat that somebody bought", async ({ page }) => {
  await open(page, "dsql");
  await seat(page, "A1").click();
  await expect(page.getByText("Seat A1 is yours")).toBeVisible();
  await page.getByRole("button", { name: "Break it", exact: true }).click();
  await expect(page.getByRole("group", { name: "Open a bought seat again?" })).toBeVisible();
  await page.getByRole("button", { name: "No, leave it" }).click();
  await expect(seat(page, "A1")).toHaveAccessibleName(/yours/);
  await page.getByRole("button", { name: "Break it", exact: true }).click();
  await page.getByRole("button", { name: "Yes, open it and break it" }).click();
  await expect(card(page).getByText("Linearizable ✓").first()).toBeVisible();
  await expect(page.getByRole("region", { name: "My tickets" })).toContainText("an earlier sale of this chair");
});

test("the address remembers the database", async ({ page }) => {
  await open(page, "dsql");
  await page.getByText("DynamoDB · foil").click();
  await expect(page).toHaveURL(/backend=naive/);
  await expect(page.locator(".engine")).toContainText("stand-in for DynamoDB Global Tables");
  await page.reload();
  await hydrated(page);
  await expect(page.getByRole("radio", { name: "DynamoDB · foil" })).toBeChecked();
});

test("a click can aim Break it instead of buying", async ({ page }) => {
  await open(page, "dsql");
  await page.getByRole("radio", { name: "aims Break it at it" }).check();
  await seat(page, "E5").click();
  await expect(page.getByRole("textbox", { name: "Seat" })).toHaveValue("E5");
  await expect(seat(page, "E5")).toHaveAccessibleName(/free, Break it’s target/);
});

test("the arrow keys walk the map, and Tab meets it once", async ({ page }) => {
  await open(page, "dsql");
  await seat(page, "A1").focus();
  await page.keyboard.press("ArrowRight");
  await expect(seat(page, "A2")).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(seat(page, "B2")).toBeFocused();
  await expect(page.locator(".seats button[tabindex='0']")).toHaveCount(1);
});

test("a number out of range is refused where it stands", async ({ page }) => {
  await open(page, "dsql");
  await page.getByRole("textbox", { name: "Buyers" }).fill("2001");
  await expect(page.getByRole("textbox", { name: "Buyers" })).toHaveAttribute("aria-invalid", "true");
  await page.getByRole("button", { name: "Break it", exact: true }).click();
  await expect(card(page), "nothing was started").toContainText("Who gets seat A1?");
});

test("two thousand buyers are shown as a band, and only one is told yes", async ({ page }) => {
  await open(page, "dsql");
  await page.getByRole("textbox", { name: "Buyers" }).fill("2000");
  await breakIt(page);
  await expect(card(page)).toContainText("2,000 of 2,000");
  await expect(card(page).getByText("Linearizable ✓").first()).toBeVisible();
});

test("a second burst at the same seat waits for the first and both are right", async ({ page, browser, baseURL }) => {
  await open(page, "dsql");
  const link = (await page.getByRole("link", { name: "its link" }).getAttribute("href")) ?? "";
  const other = await browser.newContext({ baseURL });
  const friend = await other.newPage();
  await friend.goto(link);
  await hydrated(friend);
  await page.getByRole("textbox", { name: "Think, ms" }).fill("1500");
  await page.getByRole("button", { name: "Break it", exact: true }).click();
  await breakIt(friend);
  for (const visitor of [page, friend]) {
    await expect(card(visitor).getByText("Linearizable ✓").first()).toBeVisible();
    await expect(card(visitor).locator("dd")).toHaveText(["1", "1", "1", "0"]);
  }
  await other.close();
});

for (const { width, height } of widths) {
  test(`at ${width} px button, progress and verdict share one screen and nothing jumps`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await open(page, "naive");
    const button = page.locator("button.go").first();
    const before = await card(page).boundingBox();
    await breakIt(page);
    await expect(card(page).locator(".clock")).toContainText("60 of 60");
    await expect(card(page).getByText(/Violated ✗/).first()).toBeVisible();
    const after = await card(page).boundingBox();
    expect(after?.y).toBe(before?.y);
    for (const part of [button, card(page).locator(".verdict"), card(page).locator(".clock")]) {
      await expect(part).toBeInViewport({ ratio: 1 });
    }
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow, "no sideways scrolling").toBeLessThanOrEqual(0);
  });
}

test.describe("trouble", () => {
  test.use({ expected: [/net::ERR_|request failed/] });

  test("a server that is away is said so where it matters, and stays said", async ({ page }) => {
    await open(page, "dsql");
    await page.route("**/do/**", (route) => route.abort("connectionrefused"));
    await seat(page, "F6").click();
    await expect(page.locator(".notice")).toContainText("The server does not answer.");
    await page.getByRole("button", { name: "Break it", exact: true }).click();
    await expect(card(page)).toContainText("The server does not answer.");
    await expect(page.getByText("96 sold")).toBeVisible();
    await page.unroute("**/do/**");
    await card(page).getByRole("button", { name: "Dismiss" }).click();
    await breakIt(page);
    await expect(card(page).getByText("Linearizable ✓").first()).toBeVisible();
  });
});
