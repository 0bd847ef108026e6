import type { TokenView } from "#shared/contract/text.ts";
import { diffSequences, type Hunk } from "#shared/text/diff/sequence.ts";
import type { WireRow } from "../../state/rows.ts";

/** Characters of a message's content, end excluded. */
export interface ContentRange {
  readonly message: number;
  readonly start: number;
  readonly end: number;
}

/** Where the characters of a content stand in the rendered text. */
interface Stretch {
  readonly rendered: number;
  readonly content: number;
  readonly length: number;
}

/** Why characters cannot be painted. */
export type Refusal = "template" | "changed" | "field" | "row";

/**
 * Finds the characters of contents in the rendered text and back. A template may trim a content or leave parts of it out
 * (a think block, say): what is still there is found by comparing the two.
 */
export class ContentMap {
  readonly #row: WireRow;
  readonly #view: TokenView;
  readonly #known = new Map<number, readonly Stretch[]>();

  constructor(row: WireRow, view: TokenView) {
    this.#row = row;
    this.#view = view;
  }

  /** Contents that characters `from`…`to` of the rendered text come from, or why there are none. */
  contentOf(from: number, to: number): ContentRange[] | Refusal {
    if (this.#row.kind !== "conversation") return "row";
    const messages = this.#messagesIn(from, to);
    if (messages.length === 0) return "template";
    const found = messages.flatMap((message) => this.#within(message, from, to));
    if (found.length > 0) return found;
    return messages.some((message) => this.#stretches(message).length === 0) ? "changed" : "field";
  }

  /** Where characters of a content stand in the rendered text; undefined where the template leaves them out. */
  renderedOf({ message, start, end }: ContentRange): { from: number; to: number } | undefined {
    let [from, to] = [Infinity, -1];
    for (const stretch of this.#stretches(message)) {
      const first = Math.max(start, stretch.content);
      const last = Math.min(end, stretch.content + stretch.length);
      if (first >= last) continue;
      from = Math.min(from, stretch.rendered + first - stretch.content);
      to = Math.max(to, stretch.rendered + last - stretch.content);
    }
    return to < 0 ? undefined : { from, to };
  }

  #within(message: number, from: number, to: number): ContentRange[] {
    let [start, end] = [Infinity, -1];
    for (const { rendered, content, length } of this.#stretches(message)) {
      const first = Math.max(from, rendered);
      const last = Math.min(to, rendered + length);
      if (first >= last) continue;
      start = Math.min(start, content + first - rendered);
      end = Math.max(end, content + last - rendered);
    }
    return end < 0 ? [] : [{ message, start, end }];
  }

  #messagesIn(from: number, to: number): number[] {
    const here = this.#view.origins.filter(({ start, end }) => start < to && end > from);
    return [...new Set(here.map(({ message }) => message))].filter((message) => message >= 0);
  }

  #stretches(message: number): readonly Stretch[] {
    const known = this.#known.get(message);
    if (known) return known;
    const made = this.#find(message);
    this.#known.set(message, made);
    return made;
  }

  #find(message: number): Stretch[] {
    const given = this.#row.kind === "conversation" ? this.#row.conversation.messages[message] : undefined;
    const content = given?.content;
    if (typeof content !== "string" || content === "") return [];
    const { text, origins } = this.#view;
    const mine = origins.filter((origin) => origin.message === message && origin.field === "content");
    const [first, last] = [mine[0], mine.at(-1)];
    if (!first || !last) return [];
    const from = first.start;
    const written = text.slice(from, last.end);
    for (const whole of [content, content.trimEnd(), content.trimStart(), content.trim()]) {
      const at = written.indexOf(whole);
      if (whole !== "" && at >= 0)
        return [{ rendered: from + at, content: content.indexOf(whole), length: whole.length }];
    }
    return aligned(content, written).map((stretch) => ({ ...stretch, rendered: from + stretch.rendered }));
  }
}

/** Stretches of this many characters are taken for the same text; shorter ones agree by chance. */
const SURE = 4;

/** What two texts have in common, in order. */
function aligned(content: string, rendered: string): Stretch[] {
  const stretches: Stretch[] = [];
  let [a, b] = [0, 0];
  const end: Hunk = { aStart: content.length, aEnd: content.length, bStart: rendered.length, bEnd: rendered.length };
  for (const hunk of [...diffSequences(codeUnits(content), codeUnits(rendered)), end]) {
    if (hunk.aStart - a >= SURE) stretches.push({ content: a, rendered: b, length: hunk.aStart - a });
    [a, b] = [hunk.aEnd, hunk.bEnd];
  }
  return stretches;
}

const codeUnits = (text: string): Uint16Array =>
  Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
