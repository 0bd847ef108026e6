import { SiftError } from "#shared/errors.ts";
import type { Tokenizer, TokenizedText } from "../tokenizer/tokenizer.ts";
import type { Conversation, Message } from "../types.ts";
import { type FormReasoning, type FormRole, padToken, resolveForm, roleOf, type TemplateForm } from "./form.ts";
import { roleList } from "./formTwin.ts";
import { reasoningBegins, writtenTurn, type WrittenTurn } from "./reasoning.ts";

/** What happens to system turns of the data. */
export const SYSTEM_POLICIES = ["keep", "row", "drop"] as const;
/**
 * keep: as the template or preset does by itself. row: a leading system turn of the row replaces the preset's default
 * text. drop: system turns of the row are left out.
 */
export type SystemPolicy = (typeof SYSTEM_POLICIES)[number];

/** Part of a segment: its letter in DESIGN 4 (N after E), the role with what separates it, the content, what opens the text, or reasoning between its marks. */
export type SegmentPart = "S" | "E" | "N" | "role" | "text" | "bos" | "mark" | "reasoning";
/** What an answer says, with the markers around its reasoning. */
export const isSaid = (part: SegmentPart | undefined): boolean =>
  part === "text" || part === "reasoning" || part === "mark";

/** Tokens of a conversation, cut piece by piece, with what each token is. */
export interface SegmentedTokens {
  readonly tokens: TokenizedText;
  readonly text: string;
  readonly parts: readonly SegmentPart[];
  /** Message behind each token, -1 for the preset's own text (the default system turn). */
  readonly messages: readonly number[];
  /** Where in each message's content its written text, and its reasoning, began; -1 for a reasoning field. */
  readonly sources: ReadonlyMap<number, { readonly text: number; readonly reasoning: number }>;
  /** Turns at the start that were left out because they are not a user's. */
  readonly droppedTurns: number;
  /** Answers whose reasoning is not written. */
  readonly withoutReasoning: number;
}

/** The default system text and what to do with a row's own. */
export interface SegmentOptions {
  readonly system: string;
  readonly systemPolicy: SystemPolicy;
  readonly addGenerationPrompt?: boolean;
  /** Special tokens inside of content are text. */
  readonly plainContent?: boolean;
}

/** Writes conversations as a form says. */
export class SegmentEncoder {
  private readonly tokenizer: Tokenizer;
  private readonly form: TemplateForm;
  /** Undefined: the tokenizer's own stays. */
  readonly pad: { readonly text: string; readonly id: number } | undefined;

  /** @throws SiftError `form-tokens` where the form asks for a token that the tokenizer does not name */
  constructor(tokenizer: Tokenizer, form: TemplateForm) {
    this.tokenizer = tokenizer;
    this.form = resolveForm(form, tokenizer);
    this.pad = padToken(form, tokenizer);
  }

  get generationPrompt(): string {
    const { start, name, separator } = this.form.roles.assistant;
    return start + name + separator;
  }

  /** Undefined where the end of an answer is not one token: generation cannot stop at it then. */
  get endOfTurn(): number | undefined {
    const { end } = this.form.roles.assistant;
    const ids = end === "" ? this.tokenizer.encode(this.form.eos).ids : this.tokenizer.encode(end).ids;
    return ids.length === 1 ? ids[0] : undefined;
  }

  /** @throws SiftError `role-unknown` naming the turn and its role, `row-empty`, `content-not-text`. */
  encode(conversation: Conversation, options: SegmentOptions): SegmentedTokens {
    const { pieces, ...said } = formPieces(this.form, conversation, options);
    return { ...tokenizePieces(this.tokenizer, pieces, options.plainContent ?? false), ...said };
  }

  /** Where the opening of each message ends in the text, for those of which something is written behind it. */
  answerStarts(conversation: Conversation, options: SegmentOptions): ReadonlyMap<number, number> {
    const starts = new Map<number, number>();
    let at = 0;
    for (const { text, part, message } of formPieces(this.form, conversation, options).pieces) {
      if (part !== "S" && part !== "role" && !starts.has(message)) starts.set(message, at);
      at += text.length;
    }
    return starts;
  }
}

/** A piece of text that is tokenized on its own. */
export interface FormPiece {
  readonly text: string;
  readonly part: SegmentPart;
  /** -1 for the form's own. */
  readonly message: number;
}
/** What a form writes of a conversation, before it is tokenized. */
export interface FormPieces extends Pick<SegmentedTokens, "sources" | "droppedTurns" | "withoutReasoning"> {
  readonly pieces: readonly FormPiece[];
}

/**
 * The pieces of a conversation; none is empty. @param form with the texts that its pieces stand for
 * @throws SiftError `role-unknown` naming the turn and its role, `row-empty`, `content-not-text`.
 */
export function formPieces(form: TemplateForm, conversation: Conversation, options: SegmentOptions): FormPieces {
  const plan = planTurns(conversation.messages, options, form);
  const out = new PieceList();
  out.add(form.bos, "bos", -1);
  const { system, assistant } = form.roles;
  if (plan.system && system) out.turn(system, plan.system.message, saying(plan.system.text));
  const begins = reasoningBegins(
    form,
    plan.turns.map(({ message }) => message.role),
  );
  let withoutReasoning = 0;
  for (const [place, { message, index }] of plan.turns.entries()) {
    const role = roleOf(form, message.role);
    if (!role) continue;
    const writes = form.reasoning !== undefined && place > begins;
    const text = textOf(message, index, form);
    const said =
      message.role === "assistant" ? writtenTurn(message, text, { marks: form.reasoning, writes }) : saying(text);
    if (said.leavesOut) withoutReasoning++;
    out.turn(role, index, said, form.reasoning);
  }
  if (options.addGenerationPrompt) out.opening(assistant, -1);
  else out.add(form.eos, "E", plan.turns.at(-1)?.index ?? -1);
  return { pieces: out.pieces, sources: out.sources, droppedTurns: plan.droppedTurns, withoutReasoning };
}

const saying = (text: string): WrittenTurn => ({ reasoning: undefined, content: { text, from: 0 }, leavesOut: false });

interface TurnPlan {
  /** Undefined where no system turn is written. */
  readonly system: { readonly text: string; readonly message: number } | undefined;
  readonly turns: readonly { readonly message: Message; readonly index: number }[];
  readonly droppedTurns: number;
}

/** Which turns are written, and with which system text. */
function planTurns(messages: readonly Message[], options: SegmentOptions, form: TemplateForm): TurnPlan {
  const turns = messages.map((message, index) => ({ message, index }));
  const [first] = turns;
  const drops = form.first_turn === "drop";
  const leaves = first !== undefined && (drops ? first.message.role !== "user" : first.message.role === "system");
  const usesSystem =
    leaves && first.message.role === "system" && form.roles.system && (!drops || options.systemPolicy === "row");
  const given = usesSystem ? { text: textOf(first.message, 0, form), message: 0 } : undefined;
  const system = given ?? { text: options.system, message: -1 };
  const rest = leaves && (drops || usesSystem) ? turns.slice(1) : turns;
  for (const { message, index } of rest) {
    if (message.role !== "system" && roleOf(form, message.role)) continue;
    throw new SiftError(
      "role-unknown",
      `${form.name} takes ${roleList(form)} turns; turn ${index + 1} has the role '${message.role}'`,
      {
        remedy: "leave the row out, rename the role, or choose another template",
      },
    );
  }
  if (rest.length === 0)
    throw new SiftError("row-empty", "no turn is left after the first one, which is not a user's, was dropped");
  const isWritten = form.roles.system !== undefined && (drops || system.text !== "");
  return { system: isWritten ? system : undefined, turns: rest, droppedTurns: leaves && !usesSystem ? 1 : 0 };
}

/** Content as one text: parts of type text joined. */
function textOf(message: Message, index: number, form: TemplateForm): string {
  const { content } = message;
  const calls = form.first_turn === "keep" && (message.tool_calls?.length ?? 0) > 0;
  if (typeof content === "string" && !calls) return content;
  const parts = content ?? [];
  if (
    typeof parts !== "string" &&
    parts.every((part) => part.type === "text" && typeof part.text === "string") &&
    !message.tool_calls
  ) {
    return parts.map((part) => part.text ?? "").join("");
  }
  throw new SiftError("content-not-text", `${form.name} takes text; turn ${index + 1} holds something else`, {
    remedy: "leave the row out or choose another template",
  });
}

/** Puts pieces one after the other. */
class PieceList {
  readonly pieces: FormPiece[] = [];
  readonly sources = new Map<number, { text: number; reasoning: number }>();

  turn(role: FormRole, message: number, { reasoning, content }: WrittenTurn, marks?: FormReasoning): void {
    this.opening(role, message);
    this.sources.set(message, { text: content.from, reasoning: reasoning?.from ?? -1 });
    if (reasoning && marks) {
      this.add(marks.open, "mark", message);
      this.add(reasoning.text, "reasoning", message);
      this.add(marks.close, "mark", message);
    }
    this.add(content.text, "text", message);
    this.add(role.end, "E", message);
    this.add(role.newline, "N", message);
  }

  opening(role: FormRole, message: number): void {
    this.add(role.start, "S", message);
    this.add(role.name, "role", message);
    this.add(role.separator, "role", message);
  }

  add(text: string, part: SegmentPart, message: number): void {
    if (text !== "") this.pieces.push({ text, part, message });
  }
}

/** Whether special tokens that a piece holds can be made plain text: a message brought them. */
export const isBrought = ({ part, message }: FormPiece): boolean =>
  (part === "text" || part === "reasoning") && message >= 0;

/** Each piece is tokenized alone, so that nothing merges across them. @param plain special tokens in what messages say are text */
function tokenizePieces(
  tokenizer: Tokenizer,
  pieces: readonly FormPiece[],
  plain: boolean,
): Pick<SegmentedTokens, "tokens" | "text" | "parts" | "messages"> {
  const [ids, starts, ends, messages]: [number[], number[], number[], number[]] = [[], [], [], []];
  const parts: SegmentPart[] = [];
  let text = "";
  let lossy = false;
  for (const piece of pieces) {
    const tokens = tokenizer.encode(piece.text, plain && isBrought(piece) ? () => true : undefined);
    for (let i = 0; i < tokens.ids.length; i++) {
      ids.push(tokens.ids[i] ?? 0);
      starts.push(text.length + (tokens.starts[i] ?? 0));
      ends.push(text.length + (tokens.ends[i] ?? 0));
      parts.push(piece.part);
      messages.push(piece.message);
    }
    lossy ||= tokens.lossy;
    text += piece.text;
  }
  return { tokens: { ids, starts, ends, lossy }, text, parts, messages };
}
