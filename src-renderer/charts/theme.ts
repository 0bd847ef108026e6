/** Colours of the current theme, read from the design tokens, for what draws on a canvas. */
export interface ChartColours {
  readonly text: string;
  readonly grid: string;
  readonly surface: string;
  readonly series: readonly string[];
}

export const SERIES_COUNT = 6;

export function readColours(element: Element): ChartColours {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  return {
    text: token("--text-3"),
    grid: token("--chart-grid"),
    surface: token("--surface"),
    series: Array.from({ length: SERIES_COUNT }, (_, index) => token(`--series-${index + 1}`)),
  };
}

/** Calls back when the theme changes. */
export function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return () => observer.disconnect();
}
