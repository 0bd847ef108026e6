import type { Message } from "../types.ts";
import type { FormReasoning, TemplateForm } from "./form.ts";
import { quote } from "./preset.ts";

/** A stretch of what a message says. */
export interface WrittenText {
  readonly text: string;
  /** Where it begins in the message's content; -1: it is the message's reasoning field. */
  readonly from: number;
}
/** What a turn says: its reasoning, where it is written, and its content. */
export interface WrittenTurn {
  readonly reasoning: WrittenText | undefined;
  readonly content: WrittenText;
  /** The message has reasoning that is not written. */
  readonly leavesOut: boolean;
}

/**
 * Reasoning and content of an assistant's message: the reasoning is the field of its own, else what stands in front of the content
 * between the form's markers (the first may be missing: the prompt may have written it). `reasoningTwin` says the same in Jinja.
 */
export function writtenTurn(
  { reasoning: field }: Pick<Message, "reasoning">,
  content: string,
  { marks, writes }: { readonly marks: FormReasoning | undefined; readonly writes: boolean },
): WrittenTurn {
  const whole = { text: content, from: 0 };
  const found =
    field === undefined ? marks && inFront(content, marks) : { reasoning: { text: field, from: -1 }, content: whole };
  if (!found || found.reasoning.text === "") {
    return { reasoning: undefined, content: found?.content ?? whole, leavesOut: false };
  }
  return writes ? { ...found, leavesOut: false } : { reasoning: undefined, content: found.content, leavesOut: true };
}

function inFront(
  content: string,
  marks: FormReasoning,
): { readonly reasoning: WrittenText; readonly content: WrittenText } | undefined {
  const { open, close } = trimmed(marks);
  const closed = close === "" ? -1 : content.indexOf(close);
  if (closed < 0) return undefined;
  const start = skipLines(content, 0, closed);
  const isOpened = content.startsWith(open, start) && start + open.length <= closed;
  if (!isOpened && content.slice(0, closed).includes(open)) return undefined; // other text stands before it
  const first = skipLines(content, isOpened ? start + open.length : start, closed);
  let last = closed;
  while (last > first && content[last - 1] === "\n") last--;
  const from = skipLines(content, closed + close.length, content.length);
  return { reasoning: { text: content.slice(first, last), from: first }, content: { text: content.slice(from), from } };
}

function skipLines(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && text[at] === "\n") at++;
  return at;
}

const SPACES = /^[\n ]+|[\n ]+$/g;
const trimmed = ({ open, close }: FormReasoning): { open: string; close: string } => ({
  open: open.replace(SPACES, ""),
  close: close.replace(SPACES, ""),
});

/** Behind which message reasoning is written: the last user's, or none (-1). */
export const reasoningBegins = ({ reasoning }: TemplateForm, roles: readonly string[]): number =>
  reasoning?.turns === "last" ? roles.lastIndexOf("user") : -1;

/** In front of the turns: finds the last user's, where only answers behind it have their reasoning written. */
export function lastQuestionTwin({ reasoning }: TemplateForm): string {
  if (reasoning?.turns !== "last") return "";
  return `{%- set last = namespace(question=-1) -%}
{%- for message in messages -%}
    {%- if message['role'] == 'user' -%}
        {%- set last.question = loop.index0 -%}
    {%- endif -%}
{%- endfor -%}
`;
}

/** Inside of an answer's turn: `reasoning` is what is written before `content`, with the markers. @param content Jinja of the content */
export function reasoningTwin(marks: FormReasoning, content: string): string {
  const { open, close } = trimmed(marks);
  const [opens, closes] = [quote(open), quote(close)];
  const behind = marks.turns === "last" ? " and loop.index0 > last.question" : "";
  const split = `        {%- elif ${closes} in content -%}
            {%- set parts = content.split(${closes}) -%}
            {%- set before = parts[0].lstrip('\\n') -%}
            {%- if before.startswith(${opens}) or ${opens} not in before -%}
                {%- set reasoning = (before[${[...open].length}:] if before.startswith(${opens}) else before).strip('\\n') -%}
                {%- set content = (parts[1:] | join(${closes})).lstrip('\\n') -%}
            {%- endif -%}
`;
  return `        {%- set content = ${content} -%}
        {%- set reasoning = '' -%}
        {%- if message['reasoning_content'] is string -%}
            {%- set reasoning = message['reasoning_content'] -%}
${close === "" ? "" : split}        {%- endif -%}
        {%- set reasoning = ${quote(marks.open)} + reasoning + ${quote(marks.close)} if reasoning${behind} else '' -%}
`;
}
