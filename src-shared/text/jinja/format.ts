import { SiftError } from "#shared/errors.ts";
import { closesBlock, continuesBlock, opensBlock, tagsOf, type TagPlace } from "./blocks.ts";
import { parseTemplate } from "./parser.ts";
import { TemplateSource } from "./source.ts";

const INDENT = "    ";

/** A tag with the depth of blocks that it is to stand at. */
interface Placed {
  readonly tag: TagPlace;
  readonly depth: number;
}

/**
 * The template with its block tags on lines of their own, indented by depth. Only white space that Jinja drops is changed; the
 * syntax tree before and after is compared, so that every rendering stays as it is.
 * @throws SiftError `template-syntax` and `template-unsupported` of a template that does not parse; `template-format` where
 *   the trees differ
 */
export function formatTemplate(text: string): string {
  const source = new TemplateSource(text).text;
  const before = shapeOf(source);
  const formatted = laidOut(source);
  if (shapeOf(formatted) !== before) {
    throw new SiftError("template-format", "this template cannot be laid out anew without changing what it renders", {
      remedy: "lay it out by hand",
    });
  }
  return formatted;
}

/** The syntax tree without places, as text. */
function shapeOf(text: string): string {
  const places: ReadonlySet<string> = new Set(["at", "end"]);
  return JSON.stringify(parseTemplate(new TemplateSource(text)), (key, value: unknown) => {
    if (places.has(key)) return undefined;
    return typeof value === "bigint" ? `${value}n` : value;
  });
}

function laidOut(source: string): string {
  let out = "";
  let at = 0;
  let previous: TagPlace | undefined;
  for (const { tag, depth } of placed(tagsOf(source))) {
    const gap = source.slice(at, tag.from);
    out += newGap(gap, { previous, next: tag, indent: INDENT.repeat(depth) }) + source.slice(tag.from, tag.to);
    at = tag.to;
    previous = tag;
  }
  return out + source.slice(at);
}

function placed(tags: readonly TagPlace[]): Placed[] {
  let depth = 0;
  return tags.map((tag) => {
    if (closesBlock(tag)) depth = Math.max(0, depth - 1);
    const own = continuesBlock(tag) ? Math.max(0, depth - 1) : depth;
    if (opensBlock(tag)) depth += 1;
    return { tag, depth: own };
  });
}

interface Between {
  readonly previous: TagPlace | undefined;
  readonly next: TagPlace;
  readonly indent: string;
}

/** What may stand between two tags instead of a gap, with the same output. */
function newGap(gap: string, { previous, next, indent }: Between): string {
  const text = gap.trimEnd();
  const tail = gap.slice(text.length);
  if (text === "" && !previous) return next.left === "-" && tail.includes("\n") ? tail.replace(/[^\n]+$/, indent) : gap;
  const dropped = next.left === "-" || (text === "" && previous?.right === "-");
  if (dropped) {
    // Nothing of the white space is output. Text that goes on in its line stays there.
    if (text !== "" && !tail.includes("\n")) return gap;
    return `${text}${"\n".repeat(Math.min(2, Math.max(1, lines(tail))))}${indent}`;
  }
  const stripsIndent = next.kind !== "variable" && next.left !== "+";
  if (!stripsIndent) return gap;
  if (tail.includes("\n")) return `${text}${tail.replace(/[^\n]*$/, indent)}`;
  // One line end behind a tag is dropped, and so is the white space before the next tag of that line.
  const dropsLineEnd = previous !== undefined && previous.kind !== "variable" && previous.right === "";
  return gap === "" && dropsLineEnd ? `\n${indent}` : gap;
}

const lines = (text: string): number => text.split("\n").length - 1;
