// What the specs of the on-sale share: how its parts are found, as a visitor finds them.
import { hydrated } from "./fixtures";
import type { Locator, Page } from "@playwright/test";

/** A phone, a tablet, a small and a usual laptop. */
export const widths = [
  { width: 390, height: 844 },
  { width: 768, height: 1024 },
  { width: 1280, height: 800 },
  { width: 1440, height: 900 },
];

/** Opens the on-sale of a new visitor and waits until it is alive. */
export async function open(page: Page, backend: "dsql" | "naive"): Promise<void> {
  await page.goto(`/?backend=${backend}`);
  await hydrated(page);
}

/** A chair of the map, such as `B2`. */
export function seat(page: Page, name: string): Locator {
  return page.getByRole("button", { name: new RegExp(`^row ${name[0]} seat ${name.slice(1)},`) });
}

/** The result card. */
export function card(page: Page): Locator {
  return page.locator("section.result");
}

/** Presses the button and waits until it is free again. */
export async function breakIt(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Break it", exact: true }).click();
  await page.getByRole("button", { name: "Break it", exact: true }).waitFor();
}
