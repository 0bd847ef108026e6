import { type AuthorInfo, AuthorTable, messageValues } from "./authors.ts";
import type { Str } from "./jinja/authored.ts";
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
  const now = context.now ? { now: context.now } : {};
  const result = context.template.render(variables, { ...limits, ...now, ...mark });
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
}

/** The rendered text cut where its author changes, in order and without gaps; an empty text that a message wrote is a segment too. */
export function segmentsOf(rendered: { readonly text: Str; readonly authors: AuthorTable }): Segment[] {
  const runs = rendered.text.runs ?? [rendered.text.text.length, 0];
  const segments: Segment[] = [];
  let start = 0;
  for (let i = 0; i < runs.length; i += 2) {
    const end = runs[i] ?? 0;
    const info = rendered.authors.get(runs[i + 1] ?? 0);
    if (end > start || (info && info.message >= 0)) {
      const isRole = info?.field === "role" || info?.field === "other";
      const { message = -1, field = "template", weight = 1 } = info ?? {};
      segments.push({ start, end, message, isRole, field, weight });
    }
    start = end;
  }
  return segments;
}
