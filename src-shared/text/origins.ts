import { type AuthorInfo, type AuthorLoss, BY_TEMPLATE } from "./authors.ts";
import { mapRuns, renderConversation, type RenderContext, type Segment } from "./render.ts";
import type { Conversation, EncodedRow } from "./types.ts";

/** Where a stretch of the rendered text comes from. Offsets are UTF-16 code units, ends excluded. */
export interface TextOrigin {
  readonly start: number;
  readonly end: number;
  /** Message that wrote it; -1: the template did, and no row contains it (a default system text, a date, a role's mark). */
  readonly message: number;
  readonly field: AuthorInfo["field"];
  /** The text, expression or literal of the template that put it out, in its source with `\n` line ends; -1 without one. */
  readonly templateFrom: number;
  readonly templateTo: number;
  /** 1-based line of `templateFrom`; 0 without one. */
  readonly line: number;
  /** Of a text of the template's that was made from a message's: why it is not known who wrote which character. */
  readonly loss?: AuthorLoss;
}

/** Origins of a conversation's rendered text, in order and without gaps: a second rendering, with pieces of the template told apart. */
export function originsOf(conversation: Conversation, context: RenderContext): TextOrigin[] {
  const rendered = renderConversation(conversation, context, { origins: true });
  const lines = new Map<number, number>();
  return mapRuns(rendered, (start, end, info = BY_TEMPLATE) => {
    if (end === start) return undefined;
    const { message, field, loss, origin } = info;
    const stretch = { start, end, message, field, ...(loss ? { loss } : {}) };
    if (!origin) return { ...stretch, ...NO_TEMPLATE };
    const { from, to } = origin;
    const line = lines.get(from) ?? context.template.lineAt(from);
    lines.set(from, line);
    return { ...stretch, templateFrom: from, templateTo: to, line };
  });
}

const NO_TEMPLATE = { templateFrom: -1, templateTo: -1, line: 0 } as const;

/** Origins of a row that a form wrote. */
export function originsOfSegments(segments: readonly Segment[]): TextOrigin[] {
  const origins: TextOrigin[] = [];
  for (const { start, end, message, field } of segments) {
    const last = origins.at(-1);
    if (last?.message === message && last.field === field) origins[origins.length - 1] = { ...last, end };
    else if (end > start) origins.push({ start, end, message, field, ...NO_TEMPLATE });
  }
  return origins;
}

/** Origins of a row that no Jinja template rendered: by message, as its tokens say. */
export function originsOfTokens({ text, messages, starts, ends }: EncodedRow): TextOrigin[] {
  const origins: TextOrigin[] = [];
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i] ?? -1;
    const last = origins.at(-1);
    const start = last?.end ?? 0;
    const end = i === messages.length - 1 ? text.length : Math.max(starts[i + 1] ?? 0, ends[i] ?? 0);
    if (last && last.message === message) origins[origins.length - 1] = { ...last, end };
    else if (end > start) origins.push({ start, end, message, field: fieldOf(message), ...NO_TEMPLATE });
  }
  return origins;
}

const fieldOf = (message: number): TextOrigin["field"] => (message < 0 ? "template" : "content");
