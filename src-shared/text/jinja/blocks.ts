/** Tags of a template as an editor sees them: also while it is half written and does not parse. Offsets are code units, ends excluded. */
export interface TagPlace {
  readonly from: number;
  readonly to: number;
  readonly kind: "block" | "variable" | "comment";
  /** First word of a block tag; empty otherwise. */
  readonly name: string;
  /** Sign at the left and at the right: `-` strips, `+` keeps. */
  readonly left: string;
  readonly right: string;
  /** `{% set x %}` without a value, which has a body. */
  readonly opensSet: boolean;
}

/** A block with its tags in order: the opening one, `elif` and `else`, the closing one (absent while it is not written yet). */
export interface BlockPlace {
  readonly tags: readonly TagPlace[];
  readonly closed: boolean;
  /** How many blocks it stands in. */
  readonly depth: number;
}

const STRING = `"(?:\\\\.|[^"\\\\])*"|'(?:\\\\.|[^'\\\\])*'`;
const TAG = new RegExp(
  `\\{#[-+]?[\\s\\S]*?#\\}|\\{%([-+]?)\\s*(\\w*)((?:${STRING}|(?!%\\}|\\{%)[\\s\\S])*?)([-+]?)%\\}|\\{\\{([-+]?)((?:${STRING}|(?!\\}\\}|\\{%)[\\s\\S])*?)(-?)\\}\\}(?!\\})`,
  "g",
);
const RAW_END = /\{%[-+]?\s*endraw\s*[-+]?%\}/g;
const OPENERS: ReadonlySet<string> = new Set(["if", "for", "macro", "call", "filter", "with", "generation", "raw"]);
const MIDDLES: Readonly<Record<string, readonly string[]>> = { elif: ["if"], else: ["if", "for"] };

/** All tags in order. What stands between `{% raw %}` and `{% endraw %}` is text. */
export function tagsOf(source: string): TagPlace[] {
  const tags: TagPlace[] = [];
  TAG.lastIndex = 0;
  for (let match = TAG.exec(source); match; match = TAG.exec(source)) {
    const tag = tagOf(match);
    tags.push(tag);
    if (tag.name !== "raw") continue;
    RAW_END.lastIndex = tag.to;
    const end = RAW_END.exec(source);
    if (end) TAG.lastIndex = end.index;
  }
  return tags;
}

function tagOf(match: RegExpExecArray): TagPlace {
  const [whole, left, name, inside, right, variableLeft, , variableRight] = match;
  const place = { from: match.index, to: match.index + whole.length };
  if (whole.startsWith("{#")) {
    const [first = "", last = ""] = [whole[2], whole.at(-3)];
    const sign = (char: string): string => (char === "-" || char === "+" ? char : "");
    return { ...place, kind: "comment", name: "", left: sign(first), right: sign(last), opensSet: false };
  }
  if (whole.startsWith("{{")) {
    const signs = { left: variableLeft ?? "", right: variableRight ?? "" };
    return { ...place, kind: "variable", name: "", ...signs, opensSet: false };
  }
  const opensSet = name === "set" && !/=/.test((inside ?? "").replaceAll(new RegExp(STRING, "g"), ""));
  return { ...place, kind: "block", name: name ?? "", left: left ?? "", right: right ?? "", opensSet };
}

/** Tags that begin a block, end one, or stand between the two. */
export const opensBlock = (tag: TagPlace): boolean => OPENERS.has(tag.name) || tag.opensSet;
export const closesBlock = (tag: TagPlace): boolean => tag.kind === "block" && tag.name.startsWith("end");
export const continuesBlock = (tag: TagPlace): boolean => Object.hasOwn(MIDDLES, tag.name);

/** Blocks by their opening tags; a closing tag without a partner opens nothing and closes nothing. */
export function blocksOf(tags: readonly TagPlace[]): BlockPlace[] {
  const blocks: { tags: TagPlace[]; closed: boolean; depth: number }[] = [];
  const open: typeof blocks = [];
  for (const tag of tags) {
    if (opensBlock(tag)) {
      const block = { tags: [tag], closed: false, depth: open.length };
      blocks.push(block);
      open.push(block);
    } else if (continuesBlock(tag)) {
      const last = open.at(-1);
      if (last && MIDDLES[tag.name]?.includes(last.tags[0]?.name ?? "")) last.tags.push(tag);
    } else if (closesBlock(tag)) {
      const at = open.findLastIndex((block) => `end${block.tags[0]?.name}` === tag.name);
      const block = open[at];
      if (!block) continue;
      block.tags.push(tag);
      block.closed = true;
      open.length = at;
    }
  }
  return blocks;
}
