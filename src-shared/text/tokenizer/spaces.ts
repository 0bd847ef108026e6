/**
 * White space as Rust and Oniguruma see it (Unicode's White_Space), which the reference cuts by. JavaScript's `\s` and `trim`
 * take U+FEFF in and leave U+0085 out, so that a byte order mark would cut a text elsewhere.
 */
export const SPACE = "\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const IS_SPACE = new RegExp(`[${SPACE}]`, "u");

/** Offset behind the white space that begins at an offset. */
export function skipSpaces(text: string, from: number): number {
  let at = from;
  while (at < text.length && IS_SPACE.test(text[at] ?? "")) at++;
  return at;
}

/** Offset at which the white space before an offset begins. */
export function skipSpacesBack(text: string, from: number): number {
  let at = from;
  while (at > 0 && IS_SPACE.test(text[at - 1] ?? "")) at--;
  return at;
}

/** The same pattern with `\s` and `\S` as the reference means them. */
export function withReferenceSpaces(pattern: RegExp): RegExp {
  let inClass = false;
  const source = pattern.source.replace(/\\[^]|[[\]]/g, (part) => {
    if (part === "[") inClass = true;
    else if (part === "]") inClass = false;
    else if (part === "\\s") return inClass ? SPACE : `[${SPACE}]`;
    else if (part === "\\S" && !inClass) return `[^${SPACE}]`;
    return part;
  });
  return new RegExp(source, pattern.flags);
}
