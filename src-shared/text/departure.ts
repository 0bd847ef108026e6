import { createEncoder } from "./encoder.ts";
import type { TemplateChoice } from "./encoderTypes.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import type { Conversation } from "./types.ts";

/** A stretch of the line diff of two renderings. */
export interface DiffPart {
  readonly kind: "same" | "own" | "chosen";
  readonly text: string;
}

/** How a chosen template departs from the model's own, on a sample. */
export interface TemplateDeparture {
  readonly departs: boolean;
  /** The same conversation under each. */
  readonly own: string;
  readonly chosen: string;
  /** Line by line: in both, only under the model's own, only under the chosen one. */
  readonly parts: readonly DiffPart[];
}

/** Shown where a dataset has no conversation at hand. */
export const SAMPLE_CONVERSATION: Conversation = {
  messages: [
    { role: "user", content: "Name a colour." },
    { role: "assistant", content: "Blue." },
    { role: "user", content: "Another one." },
    { role: "assistant", content: "Green." },
  ],
};

/**
 * A model that was tuned with its own template has learned that text; another one departs from it. Renders a sample under both.
 * @throws SiftError where a template cannot be used at all.
 */
export function compareTemplates(input: {
  readonly tokenizer: Tokenizer;
  readonly own: TemplateChoice;
  readonly chosen: TemplateChoice;
  readonly sample?: Conversation;
}): TemplateDeparture {
  const conversation = input.sample ?? SAMPLE_CONVERSATION;
  const render = (template: TemplateChoice): string =>
    createEncoder({ tokenizer: input.tokenizer, template }).encode({ kind: "conversation", conversation }, 0).encoded
      .text;
  const own = render(input.own);
  const chosen = render(input.chosen);
  return { departs: own !== chosen, own, chosen, parts: diffLines(own, chosen) };
}

/** Longest common subsequence of lines; samples are short, so the quadratic table is small. */
export function diffLines(own: string, chosen: string): DiffPart[] {
  const a = own.split(/(?<=\n)/);
  const b = chosen.split(/(?<=\n)/);
  const common = Array.from({ length: a.length + 1 }, () => new Int32Array(b.length + 1));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i]?.fill(a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1)), j, j + 1);
    }
  }
  const parts: { kind: DiffPart["kind"]; text: string }[] = [];
  const push = (kind: DiffPart["kind"], text: string): void => {
    const last = parts.at(-1);
    if (last?.kind === kind) last.text += text;
    else parts.push({ kind, text });
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      push("same", a[i++] ?? "");
      j++;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) push("own", a[i++] ?? "");
    else push("chosen", b[j++] ?? "");
  }
  return parts;
}
