import axe, { type AxeResults } from "axe-core";
import type { Page } from "playwright-core";

const GRAVE = new Set(["serious", "critical"]);

/** Serious and critical findings of axe on the page as it stands, one line each: rule, element, what is wrong. */
export async function graveFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const results = await page.evaluate<AxeResults>(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
  );
  return results.violations
    .filter((violation) => GRAVE.has(violation.impact ?? ""))
    .flatMap((violation) =>
      violation.nodes.map((node) => `${violation.id}: ${node.target.join(" ")}: ${node.failureSummary ?? ""}`),
    );
}
