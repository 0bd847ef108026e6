import { type AuthorInfo, type AuthorLoss, AuthorTable, BY_TEMPLATE, messageValues } from "./authors.ts";
import { toValue } from "./jinja/convert.ts";
import type { RenderLimits } from "./jinja/limits.ts";
import { type ChatTemplate, type RenderResult } from "./jinja/template.ts";
import type { Value } from "./jinja/values.ts";
import type { TokenizerFiles } from "./tokenizer/files.ts";
import type { Conversation, Message } from "./types.ts";

/** A template with what it sees besides the conversation. */
export interface RenderContext {
  readonly template: ChatTemplate;
  readonly specialTokens: TokenizerFiles["specialTokens"];
  /** Extra template variables for every row; a row's own win. */
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly limits?: Partial<RenderLimits>;
  /** Clock, milliseconds since 1970. */
  readonly now?: () => number;
}

/** A render with the table that explains its authors. */
export interface RenderedConversation extends RenderResult {
  readonly authors: AuthorTable;
}

/** A conversation through its template, with the variables that `apply_chat_template` gives. */
export function renderConversation(
  conversation: Conversation,
  context: RenderContext,
  options: { addGenerationPrompt?: boolean; tracking?: boolean; origins?: boolean } = {},
): RenderedConversation {
  const authors = new AuthorTable(options.tracking ?? true);
  const variables = new Map<string, Value>();
  const given = { ...context.specialTokens, ...context.variables, ...conversation.variables };
  for (const [name, value] of Object.entries(given)) variables.set(name, toValue(value));
  variables.set("messages", messageValues(conversation, authors));
  variables.set("tools", conversation.tools ? toValue(conversation.tools) : null);
  variables.set("documents", variables.get("documents") ?? null);
  variables.set("add_generation_prompt", options.addGenerationPrompt ?? false);
  const limits = context.limits ? { limits: context.limits } : {};
  const mark = options.origins ? { mark: authors.derive.bind(authors) } : {};
  const losses = authors.lossMarks((at) => context.template.placeAt(at));
  const now = context.now ? { now: context.now } : {};
  const result = context.template.render(variables, { ...limits, ...now, ...mark, losses });
  return { ...result, authors };
}

/** Messages as a template sees them, for a render outside of the encoder. */
export function toTemplateMessages(messages: readonly Message[]): Value {
  return messageValues({ messages }, new AuthorTable(false));
}

/** A stretch of rendered text by one author, code units. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  /** Index into the messages, -1 for the template. */
  readonly message: number;
  readonly isRole: boolean;
  /** Field of the message that wrote it; "template" where none did. */
  readonly field: AuthorInfo["field"];
  readonly weight: number;
  /** Of a text of the template's: what it was made from, and why nobody knows who wrote which character. */
  readonly loss?: AuthorLoss;
}

/** The rendered text cut where its author changes, in order and without gaps; an empty text that a message wrote is a segment too. */
export function segmentsOf(rendered: AuthoredText): Segment[] {
  return mapRuns(rendered, (start, end, info = BY_TEMPLATE) => {
    const { message, field, weight, loss } = info;
    if (end === start && message < 0) return undefined;
    const isRole = field === "role" || field === "other";
    return { start, end, message, isRole, field, weight, ...(loss ? { loss } : {}) };
  });
}

/** A text with the table that explains its authors. */
export type AuthoredText = Pick<RenderedConversation, "text" | "authors">;

/** What `make` gives for each run of one author, in order, undefined left out. Runs have no gaps; one without length is an empty text. */
export function mapRuns<Made>(
  { text, authors }: AuthoredText,
  make: (start: number, end: number, info: AuthorInfo | undefined) => Made | undefined,
): Made[] {
  const runs = text.runs ?? [text.text.length, 0];
  const all: Made[] = [];
  let start = 0;
  for (let i = 0; i < runs.length; i += 2) {
    const end = runs[i] ?? 0;
    const made = make(start, end, authors.get(runs[i + 1] ?? 0));
    if (made !== undefined) all.push(made);
    start = end;
  }
  return all;
}
