/** English plural: `count(3, "row", "rows")` is "3 rows", with digit grouping. */
export function count(n: number, one: string, many: string): string {
  return `${grouped(n, "en")} ${n === 1 ? one : many}`;
}

const formatters = new Map<string, Intl.NumberFormat>();

/** A number with the digit grouping of the language. */
export function grouped(n: number, language: string): string {
  let formatter = formatters.get(language);
  if (!formatter) formatters.set(language, (formatter = new Intl.NumberFormat(language)));
  return formatter.format(n);
}

/** Chinese has no plural: `zhCount(3, "行")` is "3 行". */
export function zhCount(n: number, unit: string): string {
  return `${grouped(n, "zh-CN")} ${unit}`;
}
