import type { ConversationEncoder, EncodeResult, EncoderOptions, RowNotice } from "./encoderTypes.ts";
import { lossyNotice, specialNotices } from "./notices.ts";
import { originsOfTokens, type TextOrigin } from "./origins.ts";
import { type Preset, presetOf, SegmentEncoder, type SegmentedTokens, type SegmentOptions } from "./presets.ts";
import { buildRow, type TokenDecision } from "./rowBuilder.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import type { Conversation, EncodedRow, MaskPolicy, Message } from "./types.ts";

/** Encodes conversations through a preset that is made of segments. */
export class PresetEncoder implements ConversationEncoder {
  readonly mask: MaskPolicy;
  readonly endOfTurn: number;
  readonly generationPrompt: string;
  readonly templateSource: string;
  private readonly tokenizer: Tokenizer;
  private readonly segments: SegmentEncoder;
  private readonly segmentOptions: SegmentOptions;
  private readonly dropsSystem: boolean;

  /** @throws SiftError `preset-unknown` or `preset-tokens`. */
  constructor(options: EncoderOptions, name: string) {
    const preset: Preset = presetOf(name);
    const system = options.systemMessage ?? preset.defaultSystem;
    this.tokenizer = options.tokenizer;
    this.mask = options.mask ?? preset.mask;
    this.segments = new SegmentEncoder(options.tokenizer);
    this.endOfTurn = this.segments.endOfTurn;
    this.generationPrompt = this.segments.generationPrompt;
    this.templateSource = preset.twin(system);
    this.segmentOptions = { system, systemPolicy: options.systemPolicy ?? "keep" };
    this.dropsSystem = options.systemPolicy === "drop";
  }

  encode(given: Conversation, row: number): EncodeResult {
    const conversation = this.withoutSystem(given);
    const segmented = this.segments.encode(conversation, this.segmentOptions);
    const { tokens, text, parts, messages, droppedTurns } = segmented;
    const encoded = buildRow(tokens, text, this.decider(conversation, segmented));
    const specialInContent = tokens.ids.flatMap((id, i) => {
      return parts[i] === "text" && (messages[i] ?? -1) >= 0 && this.tokenizer.isSpecial(id) ? [i] : [];
    });
    const notices: RowNotice[] = [...specialNotices(tokens.ids, specialInContent, { tokenizer: this.tokenizer, row })];
    if (droppedTurns > 0) {
      const role = conversation.messages[0]?.role ?? "";
      notices.push({
        code: "dropped-first-turn",
        message: `the first turn is not a user's (${role}) and was left out`,
        row,
      });
    }
    if (tokens.lossy) notices.push(lossyNotice(row));
    const roles = conversation.messages.map((message) => message.role);
    return { encoded, notices, facts: { kind: "conversation", roles, lossy: tokens.lossy, specialInContent } };
  }

  private withoutSystem(conversation: Conversation): Conversation {
    if (!this.dropsSystem) return conversation;
    return { ...conversation, messages: conversation.messages.filter((message) => message.role !== "system") };
  }

  /** Weight and label of each token by its part of the segment; a turn's weight covers its frame too. */
  private decider(conversation: Conversation, segmented: SegmentedTokens): (index: number) => TokenDecision {
    const { parts, messages, tokens, contentStarts } = segmented;
    const lastAssistant = conversation.messages.findLastIndex((message) => message.role === "assistant");
    return (index) => {
      const owner = messages[index] ?? -1;
      const part = parts[index] ?? "text";
      const message = conversation.messages[owner];
      const start = tokens.starts[index] ?? 0;
      const word = /\S/.exec(segmented.text.slice(start, tokens.ends[index]))?.index ?? 0;
      const offset = start + word - (contentStarts.get(owner) ?? 0);
      const weight = (message?.weight ?? 1) * (part === "text" ? spanWeight(message, offset) : 1);
      const decision = decidePart(this.mask, part, {
        isAssistant: message?.role === "assistant",
        isLast: owner === lastAssistant,
      });
      return { ...decision, weight, message: part === "text" ? owner : -1 };
    };
  }

  /** Never: pieces are tokenized one by one, so an answer stands behind exactly what its prompt gives. */
  prefixDiffers(): boolean {
    return false;
  }

  origins(_conversation: Conversation, encoded: EncodedRow): TextOrigin[] {
    return originsOfTokens(encoded);
  }

  prompt(messages: readonly Message[]): { ids: number[]; text: string } {
    const { tokens, text } = this.segments.encode(this.withoutSystem({ messages }), {
      ...this.segmentOptions,
      addGenerationPrompt: true,
    });
    return { ids: tokens.ids, text };
  }
}

function spanWeight(message: Message | undefined, offset: number): number {
  return message?.spans?.findLast((span) => offset >= span.start && offset < span.end)?.weight ?? 1;
}

/** Whether a part of a segment is trained, and why. */
function decidePart(
  mask: MaskPolicy,
  part: SegmentedTokens["parts"][number],
  turn: { readonly isAssistant: boolean; readonly isLast: boolean },
): Pick<TokenDecision, "scored" | "reason"> {
  if (mask === "all") return { scored: true, reason: "everything" };
  const isFrame = part === "S" || part === "E" || part === "N";
  if (mask === "structural" && isFrame)
    return { scored: true, reason: part === "E" && turn.isAssistant ? "end-of-turn" : "structural" };
  if (part === "role" || part === "S") return { scored: false, reason: "template" };
  if (!turn.isAssistant) return { scored: false, reason: part === "text" ? "other-role" : "template" };
  if (mask === "last_assistant" && !turn.isLast) return { scored: false, reason: "earlier-turn" };
  return { scored: true, reason: part === "E" ? "end-of-turn" : part === "N" ? "structural" : "answer" };
}
