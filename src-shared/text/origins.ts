import type { AuthorInfo } from "./authors.ts";
import { renderConversation, type RenderContext, type RenderedConversation, type Segment } from "./render.ts";
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
}

/** Origins of a conversation's rendered text, in order and without gaps: a second rendering, with pieces of the template told apart. */
export function originsOf(conversation: Conversation, context: RenderContext): TextOrigin[] {
  const rendered = renderConversation(conversation, context, { origins: true });
  const lines = new Map<number, number>();
  return runsOf(rendered).map(({ start, end, info }) => {
    const { message = -1, field = "template" } = info ?? {};
    if (!info?.origin) return { start, end, message, field, ...NO_TEMPLATE };
    const { from, to } = info.origin;
    const line = lines.get(from) ?? context.template.lineAt(from);
    lines.set(from, line);
    return { start, end, message, field, templateFrom: from, templateTo: to, line };
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

function runsOf({
  text,
  authors,
}: RenderedConversation): { start: number; end: number; info: AuthorInfo | undefined }[] {
  const runs = text.runs ?? [text.text.length, 0];
  let start = 0;
  return Array.from({ length: runs.length / 2 }, (_, i) => {
    const end = runs[2 * i] ?? 0;
    const run = { start, end, info: authors.get(runs[2 * i + 1] ?? 0) };
    start = end;
    return run;
  }).filter((run) => run.end > run.start);
}
