import { answerRanges, firstWith, type TrainedRange } from "./answers.ts";
import { type Segment, segmentsOf, type RenderedConversation } from "./render.ts";
import type { TokenDecision } from "./rowBuilder.ts";
import type { TokenizedText } from "./tokenizer/tokenizer.ts";
import type { TurnMarks } from "./turnMarks.ts";
import type { Conversation, MaskPolicy } from "./types.ts";

/** A rendered and tokenized conversation, and how it is to be trained. */
export interface MaskInput {
  readonly conversation: Conversation;
  readonly rendered: RenderedConversation;
  readonly tokens: TokenizedText;
  readonly policy: Exclude<MaskPolicy, "structural">;
  readonly hasGenerationTags: boolean;
  readonly marks: TurnMarks;
  /** Whether token offsets leave spaces out, where the reference maps a character to its token. */
  readonly trimsOffsets: boolean;
}

/** Decides every token of a rendered conversation. */
export function decideTokens(input: MaskInput): (index: number) => TokenDecision {
  const segments = segmentsOf(input.rendered);
  const owners = tokenSegments(input.tokens, segments, input.rendered.text.text);
  const base = (index: number): { message: number; weight: number } => {
    const segment = owners[index];
    return { message: segment?.message ?? -1, weight: segment?.weight ?? 1 };
  };
  const messageWeight = (message: number): number => input.conversation.messages[message]?.weight ?? 1;
  if (input.policy === "all") {
    return (index) => {
      const { message, weight } = base(index);
      return { scored: true, weight: weight * messageWeight(message), reason: "everything", message };
    };
  }
  const trained = trainedRanges(input, segments);
  const kept = input.policy === "last_assistant" ? trained.slice(-1) : trained;
  const rangeOf = rangeIndex(kept, owners.length);
  return (index) => {
    const { message, weight } = base(index);
    const range = rangeOf(index);
    if (!range) return { scored: false, weight: 0, message, reason: unscoredReason(input, message) };
    const reason = index === range.endOfTurn ? "end-of-turn" : range.tagged ? "tagged" : "answer";
    return { scored: true, weight: weight * messageWeight(range.message), reason, message };
  };
}

function unscoredReason(input: MaskInput, message: number): TokenDecision["reason"] {
  if (message < 0) return "template";
  const role = input.conversation.messages[message]?.role;
  return role === "assistant" && input.policy === "last_assistant"
    ? "earlier-turn"
    : role === "assistant"
      ? "template"
      : "other-role";
}

/**
 * The segment behind each token: the first that a message wrote, else the template's. A token often begins with the space before
 * a word, so its painted weight is the one of its first character that is not a space.
 */
function tokenSegments(
  tokens: TokenizedText,
  segments: readonly Segment[],
  text: string,
): readonly (Segment | undefined)[] {
  let at = 0;
  return tokens.starts.map((start, i) => {
    while (at < segments.length - 1 && (segments[at]?.end ?? 0) <= start) at++;
    const end = tokens.ends[i] ?? start;
    let owner = segments[at];
    for (let next = at + 1; owner && owner.message < 0 && (segments[next]?.start ?? end) < end; next++)
      owner = segments[next];
    if (!owner || owner.message < 0 || owner.end >= end) return owner;
    const word = start + (/\S/.exec(text.slice(start, end))?.index ?? 0);
    const painted = segments.slice(at).find((segment) => segment.end > word);
    return painted?.message === owner.message ? painted : owner;
  });
}

/** From token index to its range, in constant time. */
function rangeIndex(ranges: readonly TrainedRange[], length: number): (index: number) => TrainedRange | undefined {
  const owner = new Int32Array(length).fill(-1);
  ranges.forEach((range, i) => owner.fill(i, range.first, Math.max(range.first, range.end)));
  return (index) => ranges[owner[index] ?? -1];
}

/** Tags say it all where there are any; else it is who wrote what. */
function trainedRanges(input: MaskInput, segments: readonly Segment[]): TrainedRange[] {
  return input.hasGenerationTags ? taggedRanges(input, segments) : answerRanges(input, segments);
}

/** Exactly `apply_chat_template(…, return_assistant_tokens_mask=True)`. */
function taggedRanges(input: MaskInput, segments: readonly Segment[]): TrainedRange[] {
  const { tokens, marks } = input;
  const tokenAt = characterToToken(input);
  const ranges: TrainedRange[] = [];
  for (const { start, end } of input.rendered.generations) {
    const first = tokenAt(start);
    const last = tokenAt(end - 1);
    if (first === undefined) break;
    const rangeEnd = last ? last + 1 : tokens.ids.length;
    const writer = segments.find((s) => s.message >= 0 && !s.isRole && s.end > start && s.start < end);
    const message = writer?.message ?? -1;
    const endOfTurn = marks.endOfTurn === undefined ? -1 : tokens.ids.slice(0, rangeEnd).lastIndexOf(marks.endOfTurn);
    ranges.push({ first, end: rangeEnd, message, tagged: true, endOfTurn: endOfTurn >= first ? endOfTurn : -1 });
  }
  return ranges;
}

/** `char_to_token` of the reference: the first token whose span holds the character. */
function characterToToken(input: MaskInput): (offset: number) => number | undefined {
  const { tokens, trimsOffsets } = input;
  const { text } = input.rendered.text;
  const span = (i: number): [number, number] => {
    let [start, end] = [tokens.starts[i] ?? 0, tokens.ends[i] ?? 0];
    while (trimsOffsets && start < end && text[start] === " ") start++;
    while (trimsOffsets && end > start && text[end - 1] === " ") end--;
    return [start, end];
  };
  return (offset) => {
    const token = firstWith(tokens.ends, offset + 1);
    if (token >= tokens.ids.length) return undefined;
    const [start, end] = span(token);
    return offset >= start && offset < end ? token : undefined;
  };
}
