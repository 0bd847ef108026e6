import { blocksOf, tagsOf } from "#shared/text/jinja/blocks.ts";
import { JINJA_NAMES } from "#shared/text/jinja/names.ts";
import { SPECIAL_TOKEN_KEYS } from "#shared/text/tokenizer/files.ts";
import { localNames, type LocalNames } from "./locals.ts";

export type OfferKind = "tag" | "variable" | "field" | "function" | "macro" | "filter" | "test" | "method" | "word";

export interface Offer {
  readonly label: string;
  readonly kind: OfferKind;
}
/** What may stand at a place of a template instead of the characters from `from`. */
export interface Offers {
  readonly from: number;
  readonly offers: readonly Offer[];
}

/** What every template is given (`render.ts`), and what rows commonly set. */
const VARIABLES = [
  "messages",
  "tools",
  "documents",
  "add_generation_prompt",
  ...SPECIAL_TOKEN_KEYS,
  "enable_thinking",
  "date_string",
];
/** Keys of a message as a template sees it (`authors.ts`). */
const MESSAGE_FIELDS = ["role", "content", "reasoning_content", "tool_calls", "tool_call_id", "name"];
const TOOL_FIELDS = ["type", "function", "id"];
const FUNCTION_FIELDS = ["name", "arguments", "description", "parameters"];
const WORDS = ["and", "or", "not", "in", "is", "if", "else", "true", "false", "none"];

const offersOf = (kind: OfferKind, labels: readonly string[]): Offer[] => labels.map((label) => ({ label, kind }));

/** Offers at a caret; undefined outside of tags and where nothing fits. Only what the evaluator has is offered. */
export function offersAt(source: string, caret: number): Offers | undefined {
  const before = source.slice(0, caret);
  const open = Math.max(before.lastIndexOf("{{"), before.lastIndexOf("{%"));
  if (open < 0 || Math.max(before.lastIndexOf("}}"), before.lastIndexOf("%}")) > open) return undefined;
  if (before.lastIndexOf("{#") > open) return undefined;
  const inside = before.slice(open + 2);
  const local = localNames(source);
  if (insideString(inside)) return keyOffers(inside, caret, local);
  const typed = /\w*$/.exec(inside)?.[0] ?? "";
  const head = inside.slice(0, inside.length - typed.length);
  const offers = before[open + 1] === "%" && /^[-+]?\s*$/.test(head) ? tagOffers(before, open) : inTag(head, local);
  return offers && offers.length > 0 ? { from: caret - typed.length, offers } : undefined;
}

function insideString(text: string): boolean {
  return /^(?:[^'"]|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")*['"](?:\\.|[^\\])*$/s.test(
    text.replace(/'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"/gs, ""),
  );
}

/** `message['…` */
function keyOffers(inside: string, caret: number, local: LocalNames): Offers | undefined {
  const match = /([\w.]+(?:\[[^\][]*\])?)\[\s*['"](\w*)$/.exec(inside);
  if (!match) return undefined;
  const [, object = "", typed = ""] = match;
  const fields = fieldsOf(object, local);
  return fields.length > 0 ? { from: caret - typed.length, offers: offersOf("field", fields) } : undefined;
}

/** The innermost open block is closed first of all. */
function tagOffers(before: string, open: number): Offer[] {
  const unclosed = blocksOf(tagsOf(before.slice(0, open))).filter((block) => !block.closed);
  const inner = unclosed.at(-1)?.tags[0]?.name;
  const ends = inner === undefined ? [] : [`end${inner}`, ...(inner === "if" ? ["elif", "else"] : [])];
  const otherwise = inner === "for" ? ["else"] : [];
  return offersOf("tag", [...ends, ...otherwise, ...JINJA_NAMES.tags]);
}

function inTag(head: string, local: LocalNames): Offer[] | undefined {
  if (/(?:^|[^|])\|\s*$/.test(head) || /^[-+]?\s*filter\s+$/.test(head)) return offersOf("filter", JINJA_NAMES.filters);
  if (/\bis\s+(?:not\s+)?$/.test(head)) return offersOf("test", JINJA_NAMES.tests);
  const object = /([\p{L}_][\w.]*(?:\[[^\][]*\])?)\.$/u.exec(head)?.[1];
  if (object !== undefined) return memberOffers(object, local);
  if (/[\w)\]'"]\s*\.$/.test(head)) return offersOf("method", JINJA_NAMES.stringMethods);
  // A number goes on, or a name is given here for the first time.
  if (/\d$/.test(head) || /^[-+]?\s*(?:set|for|macro)\s+$/.test(head)) return undefined;
  return [
    ...offersOf("variable", [...new Set([...local.variables, ...VARIABLES])]),
    ...offersOf("macro", local.macros),
    ...offersOf("function", JINJA_NAMES.functions),
    ...offersOf("word", WORDS),
  ];
}

/** Behind a dot: fields where they are known, then the methods of strings and dicts. */
function memberOffers(object: string, local: LocalNames): Offer[] {
  const fields = offersOf("field", fieldsOf(object, local));
  if (object === "loop" || local.namespaces.has(object)) return fields;
  const methods = [...new Set([...JINJA_NAMES.dictMethods, ...JINJA_NAMES.stringMethods])];
  return [...fields, ...offersOf("method", methods)];
}

function fieldsOf(object: string, { messages, namespaces }: LocalNames): readonly string[] {
  if (object === "loop") return JINJA_NAMES.loop;
  const namespace = namespaces.get(object);
  if (namespace) return namespace;
  if (messages.has(object) || /^\w*messages\[[^:]*\]$/.test(object)) return MESSAGE_FIELDS;
  if (/(^|\.)function$/.test(object)) return FUNCTION_FIELDS;
  if (/(^|_)(tool|tool_call)$/.test(object)) return TOOL_FIELDS;
  return [];
}
