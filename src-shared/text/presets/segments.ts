import { SiftError } from "#shared/errors.ts";
import type { Tokenizer, TokenizedText } from "../tokenizer/tokenizer.ts";
import type { Conversation, Message } from "../types.ts";
import { quote, type Preset } from "./preset.ts";

/** What happens to system turns of the data. */
export const SYSTEM_POLICIES = ["keep", "row", "drop"] as const;
/**
 * keep: as the template or preset does by itself. row: a leading system turn of the row replaces the preset's default
 * text. drop: system turns of the row are left out.
 */
export type SystemPolicy = (typeof SYSTEM_POLICIES)[number];

/** Part of a segment: its letter in DESIGN 4 (N after E), the role with the N behind it, or the content. */
export type SegmentPart = "S" | "E" | "N" | "role" | "text";

/** Tokens of a conversation, cut piece by piece, with what each token is. */
export interface SegmentedTokens {
  readonly tokens: TokenizedText;
  readonly text: string;
  readonly parts: readonly SegmentPart[];
  /** Message behind each token, -1 for the preset's own text (the default system turn). */
  readonly messages: readonly number[];
  /** Code units that a message's content takes: where it starts in the text. */
  readonly contentStarts: ReadonlyMap<number, number>;
  /** Turns at the start that were left out because they are not a user's. */
  readonly droppedTurns: number;
}

const CHATML_SYSTEM = "You are a helpful assistant.";

/** Template source of the preset for serving: `human` for user, a default system turn, a generation prompt. */
function chatmlHumanTwin(system: string): string {
  return `{%- set system = ${quote(system)} -%}
{%- if messages and messages[0]['role'] != 'user' -%}
    {%- set messages = messages[1:] -%}
{%- endif -%}
{{- '<|im_start|>system\\n' + system + '<|im_end|>\\n' -}}
{%- for message in messages -%}
    {%- if message['role'] == 'user' -%}
        {{- '<|im_start|>human\\n' + message['content'] + '<|im_end|>\\n' -}}
    {%- elif message['role'] == 'assistant' -%}
        {{- '<|im_start|>assistant\\n' + message['content'] + '<|im_end|>\\n' -}}
    {%- else -%}
        {{- raise_exception('chatml-human takes user and assistant turns, not ' + message['role']) -}}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<|im_start|>assistant\\n' -}}
{%- endif -%}
`;
}

/** The tutorial's format (DESIGN 4). */
export const CHATML_HUMAN: Preset = {
  name: "chatml-human",
  kind: "segments",
  needs: ["<|im_start|>", "<|im_end|>"],
  endOfTurn: "<|im_end|>",
  mask: "structural",
  defaultSystem: CHATML_SYSTEM,
  twin: chatmlHumanTwin,
};

const MARKS = { S: "<|im_start|>", E: "<|im_end|>", N: "\n" } as const;
const ROLE_WORDS: Readonly<Record<string, string>> = { system: "system", user: "human", assistant: "assistant" };

/** The default system text and what to do with a row's own. */
export interface SegmentOptions {
  readonly system: string;
  readonly systemPolicy: SystemPolicy;
  readonly addGenerationPrompt?: boolean;
  /** Special tokens inside of content are text. */
  readonly plainContent?: boolean;
}

/** chatml-human, DESIGN 4. */
export class SegmentEncoder {
  private readonly tokenizer: Tokenizer;

  /** @throws SiftError `preset-tokens` where S, E or N is not a single token. */
  constructor(tokenizer: Tokenizer) {
    this.tokenizer = tokenizer;
    for (const [letter, text] of Object.entries(MARKS)) {
      const count = tokenizer.encode(text).ids.length;
      if (count === 1) continue;
      throw new SiftError(
        "preset-tokens",
        `chatml-human needs ${JSON.stringify(text)} (${letter}) to be one token; this tokenizer makes ${count}`,
        {
          remedy:
            "choose the model's own template, or a model whose tokenizer has <|im_start|> and <|im_end|>, as Qwen's has",
        },
      );
    }
  }

  get generationPrompt(): string {
    return `${MARKS.S}assistant${MARKS.N}`;
  }

  get endOfTurn(): number {
    return this.tokenizer.encode(MARKS.E).ids[0] ?? 0;
  }

  /** @throws SiftError `role-unknown` naming the turn and its role, `row-empty`, `content-not-text`. */
  encode(conversation: Conversation, options: SegmentOptions): SegmentedTokens {
    const plan = planTurns(conversation.messages, options);
    const out = new SegmentBuilder(this.tokenizer, options.plainContent ?? false);
    out.turn("system", plan.system.text, plan.system.message);
    for (const { message, index } of plan.turns)
      out.turn(ROLE_WORDS[message.role] ?? "", textOf(message, index), index);
    if (options.addGenerationPrompt) out.opening("assistant", -1);
    return { ...out.build(), droppedTurns: plan.droppedTurns };
  }
}

interface TurnPlan {
  readonly system: { readonly text: string; readonly message: number };
  readonly turns: readonly { readonly message: Message; readonly index: number }[];
  readonly droppedTurns: number;
}

/** Which turns are written, and with which system text. */
function planTurns(messages: readonly Message[], options: SegmentOptions): TurnPlan {
  const turns = messages.map((message, index) => ({ message, index }));
  const [first] = turns;
  const dropsFirst = first !== undefined && first.message.role !== "user";
  const usesSystem = dropsFirst && first.message.role === "system" && options.systemPolicy === "row";
  const system = usesSystem ? { text: textOf(first.message, 0), message: 0 } : { text: options.system, message: -1 };
  const rest = dropsFirst ? turns.slice(1) : turns;
  for (const { message, index } of rest) {
    if (message.role === "user" || message.role === "assistant") continue;
    throw new SiftError(
      "role-unknown",
      `chatml-human takes user and assistant turns; turn ${index + 1} has the role '${message.role}'`,
      {
        remedy: "leave the row out, rename the role, or choose another template",
      },
    );
  }
  if (rest.length === 0)
    throw new SiftError("row-empty", "no turn is left after the first one, which is not a user's, was dropped");
  return { system, turns: rest, droppedTurns: dropsFirst && !usesSystem ? 1 : 0 };
}

/** Content as one text: parts of type text joined. */
function textOf(message: Message, index: number): string {
  const { content } = message;
  if (typeof content === "string") return content;
  const parts = content ?? [];
  if (parts.every((part) => part.type === "text" && typeof part.text === "string") && !message.tool_calls) {
    return parts.map((part) => part.text ?? "").join("");
  }
  throw new SiftError("content-not-text", `chatml-human takes text; turn ${index + 1} holds something else`, {
    remedy: "leave the row out or choose another template",
  });
}

/** Puts pieces one after the other: each is tokenized alone, so that nothing merges across them. */
class SegmentBuilder {
  private readonly tokenizer: Tokenizer;
  private readonly ids: number[] = [];
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private readonly parts: SegmentPart[] = [];
  private readonly messages: number[] = [];
  private readonly contentStarts = new Map<number, number>();
  private text = "";
  private lossy = false;
  private readonly plain: boolean;

  constructor(tokenizer: Tokenizer, plain: boolean) {
    this.tokenizer = tokenizer;
    this.plain = plain;
  }

  turn(role: string, content: string, message: number): void {
    this.opening(role, message);
    this.contentStarts.set(message, this.text.length);
    this.add(content, "text", message);
    this.add(MARKS.E, "E", message);
    this.add(MARKS.N, "N", message);
  }

  opening(role: string, message: number): void {
    this.add(MARKS.S, "S", message);
    this.add(role, "role", message);
    this.add(MARKS.N, "role", message);
  }

  private add(piece: string, part: SegmentPart, message: number): void {
    const isContent = this.plain && part === "text" && message >= 0;
    const tokens = this.tokenizer.encode(piece, isContent ? () => true : undefined);
    const base = this.text.length;
    for (let i = 0; i < tokens.ids.length; i++) {
      this.ids.push(tokens.ids[i] ?? 0);
      this.starts.push(base + (tokens.starts[i] ?? 0));
      this.ends.push(base + (tokens.ends[i] ?? 0));
      this.parts.push(part);
      this.messages.push(message);
    }
    this.lossy ||= tokens.lossy;
    this.text += piece;
  }

  build(): Omit<SegmentedTokens, "droppedTurns"> {
    const tokens = { ids: this.ids, starts: this.starts, ends: this.ends, lossy: this.lossy };
    return { tokens, text: this.text, parts: this.parts, messages: this.messages, contentStarts: this.contentStarts };
  }
}
