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

function everything({ conversation }: TurnInput, owners: Owners): (index: number) => TokenDecision {
  return (index) => {
    const { message = -1, weight = 1 } = owners[index] ?? {};
    return { scored: true, weight: weight * weightOf(conversation, message), reason: "everything", message };
  };
}

function byTurn(input: TurnInput, owners: Owners, turns: readonly Turn[]): (index: number) => TokenDecision {
  const turnOf = turnIndex(turns, owners.length);
  return (index) => {
    const { message = -1, weight = 1 } = owners[index] ?? {};
    const turn = turnOf(index);
    if (!turn?.kept || turn.weight === 0) {
      return { scored: false, weight: 0, message, reason: unscoredReason(input, owners[index]) };
    }
    const answer = turn.role === "assistant" ? "answer" : "role";
    const reason = index === turn.endOfTurn ? "end-of-turn" : turn.tagged ? "tagged" : answer;
    return { scored: true, weight: weight * weightOf(input.conversation, turn.message), reason, message };
  };
}

const weightOf = ({ turns }: TokenizedConversation, message: number): number => turns[message]?.weight ?? 1;

function unscoredReason({ conversation, mask }: TurnInput, owner: Segment | undefined): TokenDecision["reason"] {
  const { message = -1, field = "template" } = owner ?? {};
  if (message < 0 || field === "role") return "template";
  const role = conversation.turns[message]?.role ?? "";
  if (role !== "assistant") return "other-role";
  if (mask.roleWeight(role) === 0) return "role-off";
  return mask.policy === "last_assistant" ? "earlier-turn" : "template";
}

type Owners = readonly (Segment | undefined)[];

/**
 * The segment behind each token: the first that a message wrote, else the template's. A token often begins with the space before
 * a word, so its painted weight is the one of its first character that is not a space.
 */
function tokenSegments({ starts, ends, segments, text }: TokenizedConversation): Owners {
  const owners: (Segment | undefined)[] = [];
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
    owners.push(owner);
  }
  return owners;
}

/** From token index to its turn, in constant time. */
function turnIndex(turns: readonly Turn[], length: number): (index: number) => Turn | undefined {
  const owner = new Int32Array(length).fill(-1);
  turns.forEach((turn, i) => owner.fill(i, turn.first, Math.max(turn.first, turn.end)));
  return (index) => turns[owner[index] ?? -1];
}
