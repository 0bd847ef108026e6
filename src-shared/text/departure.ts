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
  /** What differs, by what it means to the model. */
  readonly changes: readonly TemplateChange[];
}

/** roles: what stands between an answer and the next question. stop: the token that ends an answer. system: what comes first. */
export interface TemplateChange {
  readonly what: "roles" | "stop" | "system" | "text";
  readonly own: string;
  readonly chosen: string;
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
  /** Default system text that is set for the chosen template. */
  readonly systemMessage?: string;
}): TemplateDeparture {
  const conversation = input.sample ?? SAMPLE_CONVERSATION;
  const { tokenizer, systemMessage } = input;
  const write = (template: TemplateChoice, system?: string): Written => {
    const encoder = createEncoder({ tokenizer, template, ...(system === undefined ? {} : { systemMessage: system }) });
    const { text } = encoder.encode({ kind: "conversation", conversation }, 0).encoded;
    const stop = encoder.endOfTurn === undefined ? "" : (tokenizer.idToToken(encoder.endOfTurn) ?? "");
    return {
      text,
      stop,
      contents: conversation.messages.map(({ content }) => (typeof content === "string" ? content : "")),
    };
  };
  const own = write(input.own);
  const chosen = write(input.chosen, systemMessage);
  const departs = own.text !== chosen.text;
  const parts = diffLines(own.text, chosen.text);
  return { departs, own: own.text, chosen: chosen.text, parts, changes: departs ? changesOf(own, chosen) : [] };
}

interface Written {
  readonly text: string;
  readonly stop: string;
  readonly contents: readonly string[];
}

function changesOf(own: Written, chosen: Written): TemplateChange[] {
  const pairs = [
    { what: "roles", own: between(own), chosen: between(chosen) },
    { what: "stop", own: own.stop, chosen: chosen.stop },
    { what: "system", own: before(own), chosen: before(chosen) },
  ] as const;
  const changes = pairs.filter((pair) => pair.own !== pair.chosen);
  return changes.length > 0 ? changes : [{ what: "text", own: own.text, chosen: chosen.text }];
}

/** From the second message's end to the fourth's beginning, without the third: an end, and two roles. */
function between({ text, contents: [, answer = "", question = "", next = ""] }: Written): string {
  const from = text.indexOf(answer) + answer.length;
  return text.slice(from, text.indexOf(next, from)).replace(question, " … ");
}

/** What stands before the first question, without the question's own opening. */
function before({ text, stop, contents: [first = "", , second = ""] }: Written): string {
  const start = text.slice(0, text.indexOf(first));
  const upTo = text.slice(0, text.indexOf(second));
  const opening = stop === "" ? upTo : upTo.slice(upTo.lastIndexOf(stop) + stop.length);
  let shared = 0;
  while (shared < Math.min(start.length, opening.length) && start.at(-1 - shared) === opening.at(-1 - shared)) shared++;
  return start.slice(0, start.length - shared);
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
