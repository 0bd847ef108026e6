import { type Author, Str, TEMPLATE } from "./jinja/authored.ts";
import type { SourceRange } from "./jinja/evaluate.ts";
import type { LossMarks } from "./jinja/losses.ts";
import { toValue } from "./jinja/convert.ts";
import { PyDict, PyList, type Value } from "./jinja/values.ts";
import type { Conversation, Message } from "./types.ts";

/** Which field of which message wrote a character, and the weight a person painted on it. */
export interface AuthorInfo {
  /** -1 for the template. */
  readonly message: number;
  readonly field: "template" | "role" | "content" | "reasoning" | "tool_calls" | "other";
  /** Of a span of the content; 1 where none was painted. */
  readonly weight: number;
  /** The piece of the template that put it out, where that is asked for. */
  readonly origin?: SourceRange;
  /** Of a text of the template's that was made from a message's in a way that does not tell who wrote what. */
  readonly loss?: AuthorLoss;
}

/** An operation of the template after which a message's text is the template's. */
export interface AuthorLoss {
  /** The filter or method: `upper`, `replace`, … */
  readonly operation: string;
  /** 1-based place in the template. */
  readonly line: number;
  readonly column: number;
  /** Whose text it was. */
  readonly message: number;
  readonly field: AuthorInfo["field"];
}

/** What the template writes of its own accord. */
export const BY_TEMPLATE: AuthorInfo = { message: -1, field: "template", weight: 1 };

/** The authors of one conversation; an author's number in a string is its index here plus one. */
export class AuthorTable {
  private readonly infos: AuthorInfo[] = [];
  private readonly tracks: boolean;
  private readonly derived = new Map<string, Author>();

  /** Without tracking everybody is the template; the text is the same. */
  constructor(tracks = true) {
    this.tracks = tracks;
  }

  add(info: AuthorInfo): Author {
    return this.tracks ? this.infos.push(info) : TEMPLATE;
  }

  /** The same author, put out by a piece of the template; the innermost piece stays. */
  derive(author: Author, origin: SourceRange): Author {
    const info = this.get(author) ?? BY_TEMPLATE;
    if (info.origin) return author;
    return this.once(`${author} ${origin.from} ${origin.to}`, () => ({ ...info, origin }));
  }

  /** How operations of a template that lose an author are remembered. @param placeOf 1-based place of an offset in the template */
  lossMarks(placeOf: (at: number) => Pick<AuthorLoss, "line" | "column">): LossMarks {
    return {
      lose: (author, operation, at) => {
        const info = this.get(author);
        if (!info || info.loss) return author;
        const { message, field } = info;
        // a role's name in capitals is nobody's words
        if (message < 0 || field === "role") return TEMPLATE;
        return this.once(`lost ${operation} ${at} ${message} ${field}`, () => {
          return { ...BY_TEMPLATE, loss: { operation, ...placeOf(at), message, field } };
        });
      },
      replace: (own, lost) => {
        const [info = BY_TEMPLATE, loss] = [this.get(own), this.get(lost)?.loss];
        return info.message >= 0 || info.loss || !loss
          ? own
          : this.once(`replaced ${own} ${lost}`, () => ({ ...info, loss }));
      },
    };
  }

  private once(key: string, make: () => AuthorInfo): Author {
    const known = this.derived.get(key);
    if (known !== undefined) return known;
    const made = this.infos.push(make());
    this.derived.set(key, made);
    return made;
  }

  get(author: Author): AuthorInfo | undefined {
    return author === TEMPLATE ? undefined : this.infos[author - 1];
  }
}

/** Messages as the template sees them: dicts whose strings know their message and field. */
export function messageValues(conversation: Conversation, authors: AuthorTable): PyList {
  return new PyList(conversation.messages.map((message, index) => messageValue(message, index, authors)));
}

function messageValue(message: Message, index: number, authors: AuthorTable): PyDict {
  const by = (field: AuthorInfo["field"]): Author => authors.add({ message: index, field, weight: 1 });
  const entries: [string, Value][] = [];
  const { reasoning } = message;
  // The reference gives older templates the reasoning under this name, before the message's own keys.
  if (reasoning !== undefined) entries.push(["thinking", Str.by(reasoning, by("reasoning"))]);
  entries.push(["role", Str.by(message.role, by("role"))], ["content", contentValue(message, index, authors)]);
  if (message.tool_calls) entries.push(["tool_calls", toValue(message.tool_calls, by("tool_calls"))]);
  if (message.tool_call_id !== undefined) entries.push(["tool_call_id", Str.by(message.tool_call_id, by("other"))]);
  if (message.name !== undefined) entries.push(["name", Str.by(message.name, by("other"))]);
  for (const [key, value] of Object.entries(message.extra ?? {})) entries.push([key, toValue(value, by("other"))]);
  if (reasoning !== undefined) entries.push(["reasoning_content", Str.by(reasoning, by("reasoning"))]);
  return new PyDict(entries.map(([key, value]) => [new Str(key), value] as const));
}

function contentValue(message: Message, index: number, authors: AuthorTable): Value {
  const { content, spans } = message;
  if (typeof content !== "string" || !spans || spans.length === 0) {
    return toValue(content, authors.add({ message: index, field: "content", weight: 1 }));
  }
  // Later spans win where they overlap; each stretch of equal weight is an author of its own.
  const weightAt = (offset: number): number => spans.findLast((s) => offset >= s.start && offset < s.end)?.weight ?? 1;
  const cuts = [...new Set([0, content.length, ...spans.flatMap((span) => [span.start, span.end])])].sort(
    (a, b) => a - b,
  );
  const runs = cuts.slice(1).flatMap((end, i) => {
    return [end, authors.add({ message: index, field: "content", weight: weightAt(cuts[i] ?? 0) })];
  });
  return content === "" ? new Str("") : new Str(content, runs);
}
