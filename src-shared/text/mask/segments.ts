import type { TurnRange } from "../answers.ts";
import type { FormPart } from "../presets/form.ts";
import { isSaid, type SegmentedTokens, type SegmentPart } from "../presets/segments.ts";
import type { Segment } from "../render.ts";
import type { TokenDecision } from "../rowBuilder.ts";
import type { Conversation, MaskPolicy, Message } from "../types.ts";
import { OptionLayers, wordStart } from "./layers.ts";
import type { CompiledMask } from "./options.ts";
import type { TokenizedConversation } from "./tokenized.ts";
import { describeTurns, type Turn } from "./turns.ts";

/** The text of segments cut into what messages wrote (where a weight was painted, once more) and what the preset did. */
export function contentSegments({ messages }: Conversation, segmented: SegmentedTokens): Segment[] {
  const { tokens, parts, messages: owners, text, sources } = segmented;
  const segments: Segment[] = [];
  const template = (start: number, end: number): void => {
    if (end > start) segments.push({ start, end, message: -1, isRole: false, field: "template", weight: 1 });
  };
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    const owner = owners[i] ?? -1;
    const part = parts[i];
    if ((part !== "text" && part !== "reasoning") || owner < 0) continue;
    const start = tokens.starts[i] ?? 0;
    while (parts[i + 1] === part && owners[i + 1] === owner) i++;
    const end = tokens.ends[i] ?? start;
    template(at, start);
    segments.push(...painted(messages[owner], { start, end, owner, from: sources.get(owner)?.[part] ?? 0 }));
    at = end;
  }
  template(at, text.length);
  return segments;
}

/** @param at its place in the text; `from`: its place in the message's content, -1 for a field of its own */
function painted(
  message: Message | undefined,
  at: { readonly start: number; readonly end: number; readonly owner: number; readonly from: number },
): Segment[] {
  const field = at.from < 0 ? "reasoning" : "content";
  const spans = (at.from < 0 ? [] : (message?.spans ?? [])).map((span) => {
    return { ...span, start: span.start - at.from, end: span.end - at.from };
  });
  const length = at.end - at.start;
  const edges = spans.flatMap(({ start, end }) => [start, end]).filter((edge) => edge > 0 && edge < length);
  const cuts = [...new Set([0, length, ...edges])].sort((a, b) => a - b);
  return cuts.slice(1).map((end, i): Segment => {
    const start = cuts[i] ?? 0;
    const weight = spans.findLast((span) => start >= span.start && start < span.end)?.weight ?? 1;
    return { start: at.start + start, end: at.start + end, message: at.owner, isRole: false, field, weight };
  });
}

/** Whether a form's own lists train a part of a role. */
export type TrainedParts = (role: string, part: FormPart) => boolean;
const PART_NAMES = {
  S: "start",
  role: "name",
  text: "content",
  mark: "content",
  reasoning: "content",
  E: "end",
  N: "newline",
} as const;

/** Decides every token of a conversation in segments; a turn's weight covers its frame too. `trains` is what `structural` means. */
export function decideSegments(
  conversation: TokenizedConversation,
  mask: CompiledMask,
  trains: TrainedParts,
): (index: number) => TokenDecision {
  const { parts, owners } = conversation.frame ?? { parts: [], owners: new Int16Array() };
  const turns = describeTurns(conversation, segmentRanges(parts, owners), mask, (_, bodyStart) => bodyStart);
  const framed = turns.map((turn) => ({ ...turn, headerFirst: headerFirst(parts, owners, turn.first) }));
  const turnAt = new Map(framed.map((turn) => [turn.message, turn]));
  const weightAt = segmentWeights(conversation);
  const messageOf = (index: number): number =>
    parts[index] === "text" || parts[index] === "reasoning" ? (owners[index] ?? -1) : -1;
  const byPolicy = (index: number): TokenDecision => {
    const owner = owners[index] ?? -1;
    const part = parts[index] ?? "text";
    const weight = (conversation.turns[owner]?.weight ?? 1) * (isSaid(part) ? weightAt(index) : 1);
    const role = owner < 0 ? "system" : (conversation.turns[owner]?.role ?? "");
    const isNamed = part !== "bos" && trains(role, PART_NAMES[part]);
    return { ...decidePart(mask.policy, { part, isNamed }, turnAt.get(owner)), weight, message: messageOf(index) };
  };
  if (mask.isPlain) return byPolicy;
  const layers = new OptionLayers({ conversation, mask, turns: framed, endOfTurn: undefined, messageOf });
  return (index) => layers.decide(index, byPolicy(index));
}

/** One range a turn, from its content to the newline behind its end. */
function segmentRanges(parts: readonly SegmentPart[], owners: Int16Array): TurnRange[] {
  const ranges: TurnRange[] = [];
  for (let start = 0, end = 0; start < parts.length; start = end) {
    const message = owners[start] ?? -1;
    while (end < parts.length && owners[end] === message) end++;
    if (message < 0) continue;
    let first = start;
    while (first < end && (parts[first] === "S" || parts[first] === "role")) first++;
    let endOfTurn = first;
    while (endOfTurn < end && parts[endOfTurn] !== "E") endOfTurn++;
    ranges.push({ first, end, message, tagged: false, endOfTurn: endOfTurn < end ? endOfTurn : -1 });
  }
  return ranges;
}

function headerFirst(parts: readonly SegmentPart[], owners: Int16Array, first: number): number {
  const owner = owners[first];
  let at = first;
  while ((parts[at - 1] === "role" || parts[at - 1] === "S") && owners[at - 1] === owner) at--;
  return at;
}

/** The painted weight of each token, by its first character that is not a space. */
function segmentWeights({ segments, starts, ends, text }: TokenizedConversation): (index: number) => number {
  if (segments.every((segment) => segment.weight === 1)) return () => 1;
  return (index) => {
    const word = wordStart(text, starts[index] ?? 0, ends[index] ?? 0);
    return segments.find((segment) => segment.end > word)?.weight ?? 1;
  };
}

/** Whether a part of a segment is trained, and why. A turn of the form's own is nobody's. */
function decidePart(
  mask: MaskPolicy,
  { part, isNamed }: { readonly part: SegmentPart; readonly isNamed: boolean },
  turn: Turn | undefined,
): Pick<TokenDecision, "scored" | "reason"> {
  if (mask === "all") return { scored: true, reason: "everything" };
  const isAssistant = turn?.role === "assistant";
  if (mask === "structural") {
    if (!isSaid(part)) {
      const reason = part === "E" && isAssistant ? "end-of-turn" : "structural";
      return isNamed ? { scored: true, reason } : { scored: false, reason: "template" };
    }
    if (!isAssistant && isNamed) return { scored: true, reason: "role" };
    if (isAssistant && !isNamed) return { scored: false, reason: "role-off" };
  }
  if (part === "role" || part === "S" || part === "bos") return { scored: false, reason: "template" };
  if (!turn || turn.weight === 0) {
    const isOff = isAssistant ? "role-off" : "other-role";
    return { scored: false, reason: isSaid(part) ? isOff : "template" };
  }
  if (!turn.kept) return { scored: false, reason: "earlier-turn" };
  const answer = isAssistant ? "answer" : "role";
  return { scored: true, reason: part === "E" ? "end-of-turn" : part === "N" ? "structural" : answer };
}
