/** Offset of a 1-based line and column in a text, kept within it; undefined where the line is not known. */
export function offsetOf(text: string, line: number | undefined, column: number | undefined): number | undefined {
  if (line === undefined || line < 1) return undefined;
  const lines = text.split("\n");
  const at = Math.min(line, lines.length) - 1;
  const before = lines.slice(0, at).reduce((sum, each) => sum + each.length + 1, 0);
  return before + Math.min(Math.max(0, (column ?? 1) - 1), lines[at]?.length ?? 0);
}
