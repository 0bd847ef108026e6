import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { repositoryRoot } from "../../shared.ts";

const FOLDER = join(repositoryRoot, "test-results/e2e");

/** A picture of the window for a person to judge, as `test-results/e2e/NAME.png`. */
export async function picture(page: Page, name: string): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
}
