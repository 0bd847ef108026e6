import type { AuthorLoss } from "./authors.ts";
import type { RowEncoder, RowFacts } from "./encoderTypes.ts";
import type { FindingClass } from "./findings.ts";
import { type EncodedRow, IGNORE, type ParsedRow } from "./types.ts";

/** Examples of a class that are kept. Where rows differ from serving each has its own difference, so more of them are listed. */
export const examplesKept = (name: string): number => (name === "prefix-differs" ? 20 : 2);
/** Characters shown on either side. */
const CONTEXT = 60;

/** Where a row is in a class, with the text around it. */
export interface FindingExample {
  readonly row: number;
  /** Token position; -1 where the row has no encoding. */
  readonly position: number;
  readonly before: string;
  readonly marked: string;
  readonly after: string;
  /** What serving would give the model there instead, or why the row has no encoding. */
  readonly instead?: string;
  /** What the template did to the words of a message there. */
  readonly loss?: AuthorLoss;
}

interface Found {
  readonly row: number;
  readonly parsed: ParsedRow;
  readonly encoded: EncodedRow;
  readonly facts: RowFacts;
  readonly encoder: RowEncoder | null;
}

/** The first place of a row that puts it in a class. */
export function exampleOf(name: FindingClass, found: Found): FindingExample {
  if (name === "prefix-differs") {
    const difference = prefixDifference(found);
    if (difference) return difference;
  }
  const loss = name === "text-mismatch" || name === "no-scored-token" ? firstLoss(found) : undefined;
  const place = (loss && placeOfLoss(loss, found)) ?? PLACES[name](found);
  const position = Math.max(0, Math.min(found.encoded.ids.length - 1, place));
  return { row: found.row, position, ...around(found, position), ...(loss ? { loss } : {}) };
}

function firstLoss({ facts: { losses = [], roles } }: Found): AuthorLoss | undefined {
  return losses.find(({ message }) => roles[message] === "assistant");
}

/** The first token of the text that a loss left behind; undefined where it left none. */
function placeOfLoss({ operation, message }: AuthorLoss, { parsed, encoded, encoder }: Found): number | undefined {
  const origins = encoder?.origins(parsed, encoded) ?? [];
  const start = origins.find(({ loss }) => loss?.operation === operation && loss.message === message)?.start;
  const token = start === undefined ? -1 : encoded.ends.findIndex((end) => end > start);
  return token < 0 ? undefined : token;
}

/** Token at which a class is seen, for those that have one place. */
const PLACES: Readonly<Record<FindingClass, (found: Found) => number>> = {
  "no-scored-token": lastAnswer,
  "untrained-end-of-turn": ({ encoded }) => encoded.labels.findLastIndex((label) => label !== IGNORE) + 1,
  "role-leak": ({ encoded, facts }) =>
    encoded.labels.findIndex((label, i) => {
      const role = facts.roles[encoded.messages[i] ?? -1];
      return label !== IGNORE && role !== undefined && role !== "assistant";
    }),
  "everything-scored": () => 1,
  "text-mismatch": () => 0,
  bos: ({ encoded, encoder }) => {
    const bos = encoder?.tokenizer.files.specialTokens.bos_token;
    const id = bos === undefined ? undefined : encoder?.tokenizer.tokenToId(bos);
    return encoded.ids.findIndex((each, i) => i > 0 && each === id);
  },
  "doubled-eos": ({ encoded, encoder }) => {
    const stops = new Set(encoder?.stopIds);
    return encoded.ids.findIndex((id, i) => i > 0 && stops.has(id) && stops.has(encoded.ids[i - 1] ?? -1));
  },
  "special-token-in-content": ({ facts }) => facts.specialInContent[0] ?? 0,
  "prefix-differs": lastAnswer,
  truncated: ({ encoded }) => encoded.ids.length - 1,
  unencodable: () => 0,
};

/** Where the last answer begins, trained or not. */
function lastAnswer({ encoded, facts }: Found): number {
  const message = facts.roles.lastIndexOf("assistant");
  return encoded.messages.findIndex((each) => each === message && message >= 0);
}

function around({ encoded, encoder }: Found, position: number): Pick<FindingExample, "before" | "marked" | "after"> {
  if (encoded.text === "") {
    const words = (from: number, to: number): string =>
      encoder?.tokenizer.decode(encoded.ids.slice(Math.max(0, from), to)) ?? encoded.ids.slice(from, to).join(" ");
    return {
      before: words(position - 12, position),
      marked: words(position, position + 1),
      after: words(position + 1, position + 12),
    };
  }
  const start = encoded.starts[position] ?? 0;
  const end = Math.max(start, encoded.ends[position] ?? start);
  return cut(encoded.text, start, end);
}

function cut(text: string, start: number, end: number): Pick<FindingExample, "before" | "marked" | "after"> {
  return {
    before: text.slice(Math.max(0, start - CONTEXT), start),
    marked: text.slice(start, end),
    after: text.slice(end, end + CONTEXT),
  };
}

/** The first token before some trained answer that serving would not give: its own tokens, and those of serving. */
export function prefixDifference({ row, parsed, encoded, facts, encoder }: Found): FindingExample | undefined {
  for (const [message, role] of facts.roles.entries()) {
    const isTrained = encoded.messages.some((each, i) => each === message && encoded.labels[i] !== IGNORE);
    const prompt = role === "assistant" && isTrained ? encoder?.promptBefore(parsed, message) : undefined;
    const at = prompt ? prompt.ids.findIndex((id, i) => encoded.ids[i] !== id) : -1;
    if (!prompt || !encoder || at < 0) continue;
    const instead = encoder.tokenizer.decode(prompt.ids.slice(at, at + 24));
    const start = encoded.starts[at] ?? encoded.text.length;
    return { row, position: at, ...cut(encoded.text, start, encoded.ends[at + 1] ?? start), instead };
  }
  return undefined;
}
