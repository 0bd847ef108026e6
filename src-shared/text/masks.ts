import { OptionLayers, wordStart } from "./mask/layers.ts";
import type { TokenizedConversation } from "./mask/tokenized.ts";
import { findTurns, type Turn, type TurnInput } from "./mask/turns.ts";
import type { Segment } from "./render.ts";
import type { TokenDecision } from "./rowBuilder.ts";

/** Decides every token of a rendered and tokenised conversation. */
export function decideTokens(input: TurnInput): (index: number) => TokenDecision {
  const { conversation, mask } = input;
  const owners = tokenSegments(conversation);
  const turns = mask.policy === "all" && mask.isPlain ? [] : findTurns(input);
  const byPolicy = mask.policy === "all" ? everything(input, owners) : byTurn(input, owners, turns);
  if (mask.isPlain) return byPolicy;
  const messageOf = (index: number): number => owners[index]?.message ?? -1;
  const layers = new OptionLayers({ conversation, mask, turns, endOfTurn: input.marks.endOfTurn, messageOf });
  return (index) => layers.decide(index, byPolicy(index));
}

/** A decision is read before the next one is asked for, so that one object serves a row: a million rows make no garbage. */
interface Decision extends TokenDecision {
  scored: boolean;
  weight: number;
  reason: TokenDecision["reason"];
  message: number;
}

function everything({ conversation }: TurnInput, owners: Owners): (index: number) => TokenDecision {
  const decision: Decision = { scored: true, weight: 1, reason: "everything", message: -1 };
  return (index) => {
    const owner = owners[index];
    decision.message = owner?.message ?? -1;
    decision.weight = (owner?.weight ?? 1) * weightOf(conversation, decision.message);
    return decision;
  };
}

function byTurn(input: TurnInput, owners: Owners, turns: readonly Turn[]): (index: number) => TokenDecision {
  const turnAt = turnIndex(turns, owners.length);
  const decision: Decision = { scored: false, weight: 0, reason: "template", message: -1 };
  return (index) => {
    const owner = owners[index];
    const turn = turns[turnAt[index] ?? -1];
    decision.message = owner?.message ?? -1;
    decision.scored = turn !== undefined && turn.kept && turn.weight > 0;
    if (turn === undefined || !decision.scored) {
      decision.weight = 0;
      decision.reason = unscoredReason(input, owner);
      return decision;
    }
    decision.weight = (owner?.weight ?? 1) * weightOf(input.conversation, turn.message);
    decision.reason = index === turn.endOfTurn ? "end-of-turn" : turn.tagged ? "tagged" : answerReason(turn);
    return decision;
  };
}

const answerReason = ({ role }: Turn): TokenDecision["reason"] => (role === "assistant" ? "answer" : "role");

const weightOf = ({ turns }: TokenizedConversation, message: number): number => turns[message]?.weight ?? 1;

function unscoredReason(input: TurnInput, owner: Segment | undefined): TokenDecision["reason"] {
  const { conversation, mask } = input;
  if (owner?.loss) return lostReason(input, owner.loss.message);
  if (owner === undefined || owner.message < 0 || owner.field === "role") return "template";
  const role = conversation.turns[owner.message]?.role ?? "";
  if (role !== "assistant") return "other-role";
  if (mask.roleWeight(role) === 0) return "role-off";
  return mask.policy === "last_assistant" ? "earlier-turn" : "template";
}

/** Of text that lost its author: the loss is the reason where the policy would train whose text it was. */
function lostReason({ conversation, mask }: TurnInput, message: number): TokenDecision["reason"] {
  const { turns } = conversation;
  const role = turns[message]?.role ?? "";
  if (mask.roleWeight(role) === 0) return role === "assistant" ? "role-off" : "other-role";
  const isEarlier = role === "assistant" && turns.findLastIndex((turn) => turn.role === role) > message;
  return mask.policy === "last_assistant" && isEarlier ? "earlier-turn" : "transformed";
}

type Owners = readonly (Segment | undefined)[];

/**
 * The segment behind each token: the first that a message wrote, else the template's. A token often begins with the space before
 * a word, so its painted weight is the one of its first character that is not a space.
 */
function tokenSegments({ starts, ends, segments, text }: TokenizedConversation): Owners {
  const owners = new Array<Segment | undefined>(starts.length);
  let at = 0;
  for (let i = 0; i < starts.length; i++) {
    const start = starts[i] ?? 0;
    const end = ends[i] ?? start;
    while (at < segments.length - 1 && (segments[at]?.end ?? 0) <= start) at++;
    let owner = segments[at];
    for (let next = at + 1; owner && owner.message < 0 && (segments[next]?.start ?? end) < end; next++)
      if (segments[next]?.end !== segments[next]?.start) owner = segments[next];
    if (owner && owner.message >= 0 && owner.end < end) {
      const word = wordStart(text, start, end);
      const painted = segments.slice(at).find((segment) => segment.end > word);
      if (painted?.message === owner.message) owner = painted;
    }
    owners[i] = owner;
  }
  return owners;
}

/** Turn of each token, -1 for none. */
function turnIndex(turns: readonly Turn[], length: number): Int32Array {
  const owner = new Int32Array(length).fill(-1);
  turns.forEach((turn, i) => owner.fill(i, turn.first, Math.max(turn.first, turn.end)));
  return owner;
}
