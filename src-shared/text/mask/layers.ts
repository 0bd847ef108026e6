import { firstWith } from "../answers.ts";
import type { TokenDecision } from "../rowBuilder.ts";
import type { Reason } from "../types.ts";
import type { CompiledMask } from "./options.ts";
import { reasoningOf, type Stretch, toolCallsOf } from "./parts.ts";
import type { CompiledRule } from "./rule.ts";
import type { TokenizedConversation } from "./tokenized.ts";
import type { Turn } from "./turns.ts";

const [REASONING, TOOL_CALLS] = [1, 2];

/** What the layers lie upon. */
export interface LayerInput {
  readonly conversation: TokenizedConversation;
  readonly mask: CompiledMask;
  readonly turns: readonly Turn[];
  /** Id of the token that ends a turn. */
  readonly endOfTurn: number | undefined;
  /** Message whose text a token is, -1 for the template's. */
  readonly messageOf: (index: number) => number;
}

/** The options of a mask, laid over what the policy decided of one row. */
export class OptionLayers {
  private readonly input: LayerInput;
  private readonly turnAt: Int32Array;
  private readonly headerAt: Int32Array;
  private readonly parts: Uint8Array;
  private readonly ruleAt: Uint8Array;

  constructor(input: LayerInput) {
    this.input = input;
    const { length } = input.conversation.ids;
    this.turnAt = new Int32Array(length).fill(-1);
    this.headerAt = new Int32Array(length).fill(-1);
    this.parts = new Uint8Array(length);
    this.ruleAt = new Uint8Array(length);
    input.turns.forEach((turn, i) => {
      this.turnAt.fill(i, turn.first, Math.max(turn.first, turn.end));
      this.headerAt.fill(i, turn.headerFirst, turn.first);
    });
    this.markParts();
    input.mask.rules.forEach((rule, i) => this.markRule(rule, i + 1));
  }

  /** @param base what the policy says of the token */
  decide(index: number, base: TokenDecision): TokenDecision {
    const turn = this.input.turns[this.turnAt[index] ?? -1];
    const opened = this.input.turns[this.headerAt[index] ?? -1];
    if (opened && !turn) return this.header(opened, base);
    if (this.endsTurn(index, turn)) return this.endOfTurn(turn, base);
    return this.ruled(index, turn, this.part(index, turn, this.role(turn, base)));
  }

  private header(turn: Turn, base: TokenDecision): TokenDecision {
    const { header } = this.input.mask.options;
    if (header === false && base.scored) return off(base, "header-off");
    if (header !== true || base.scored || turn.weight === 0 || !turn.kept) return base;
    return { ...base, scored: true, weight: turn.weight * this.messageWeight(turn), reason: "header" };
  }

  private endsTurn(index: number, turn: Turn | undefined): boolean {
    const { conversation, endOfTurn, messageOf } = this.input;
    const frame = conversation.frame?.parts;
    if (frame) return frame[index] === "E" || (frame[index] === "N" && frame[index - 1] === "E");
    // what tags hold behind the end (a newline, say) goes with it
    if (turn && turn.endOfTurn >= 0 && index >= turn.endOfTurn) return true;
    return endOfTurn !== undefined && conversation.ids[index] === endOfTurn && messageOf(index) < 0;
  }

  private endOfTurn(turn: Turn | undefined, base: TokenDecision): TokenDecision {
    const { endOfTurn = "turn" } = this.input.mask.options;
    const own = this.role(turn, base);
    if (endOfTurn === "turn") return own;
    if (endOfTurn === "all") return own.scored ? own : { ...own, scored: true, weight: 1, reason: "end-of-turn" };
    return own.scored && !(endOfTurn === "last" && turn?.isLast === true) ? off(own, "end-of-turn-off") : own;
  }

  /** A role's weight; under `all` and in the frames of segments the policy has not looked at it yet. */
  private role(turn: Turn | undefined, base: TokenDecision): TokenDecision {
    if (!turn || !base.scored) return base;
    const { policy, options } = this.input.mask;
    const isFrame = base.reason === "structural" || base.reason === "end-of-turn";
    // frames, and a role's words where no list of roles is given, are for the segments' own lists to say
    if (policy === "structural" && (isFrame || (turn.weight === 0 && !options.roles))) return base;
    return turn.weight === 0 ? off(base, "role-off") : { ...base, weight: base.weight * turn.weight };
  }

  private part(index: number, turn: Turn | undefined, base: TokenDecision): TokenDecision {
    if (!turn || !base.scored) return base;
    const { reasoning, toolCalls } = this.input.mask.options;
    if (this.parts[index] === REASONING && reasoning !== undefined) {
      if (reasoning === "ignore") return off(base, "reasoning-off");
      return reasoning === "last" && !turn.isOpen ? off(base, "reasoning-earlier") : { ...base, reason: "reasoning" };
    }
    if (this.parts[index] !== TOOL_CALLS || toolCalls === undefined) return base;
    return toolCalls ? { ...base, reason: "tool-calls" } : off(base, "tool-calls-off");
  }

  private ruled(index: number, turn: Turn | undefined, base: TokenDecision): TokenDecision {
    const number = this.ruleAt[index] ?? 0;
    const rule = this.input.mask.rules[number - 1];
    if (!turn || !rule) return base;
    if (base.scored) {
      return rule.weight === 0
        ? { ...off(base, "rule-off"), rule: number }
        : { ...base, weight: base.weight * rule.weight, rule: number };
    }
    if (turn.weight > 0 || rule.weight === 0 || rule.role === undefined) return base;
    return { ...base, scored: true, weight: rule.weight * this.messageWeight(turn), reason: "rule", rule: number };
  }

  private messageWeight(turn: Turn): number {
    return this.input.conversation.turns[turn.message]?.weight ?? 1;
  }

  /** Which tokens are reasoning or calls, where somebody asks. */
  private markParts(): void {
    const { conversation, mask, turns } = this.input;
    const asksPart = mask.rules.some((rule) => rule.part !== undefined);
    const { toolCalls, reasoning } = mask.options;
    for (const turn of turns) {
      if (toolCalls !== undefined || asksPart) this.mark(toolCallsOf(conversation, turn), TOOL_CALLS);
      if (reasoning !== undefined || asksPart) this.mark(reasoningOf(conversation, turn), REASONING);
    }
    conversation.frame?.parts.forEach((part, index) => {
      if (part === "mark" || part === "reasoning") this.parts[index] = REASONING;
    });
  }

  private mark(stretches: readonly Stretch[], part: number | undefined): void {
    for (const stretch of stretches) {
      for (const index of this.tokensOf(stretch)) this.parts[index] = part ?? 0;
    }
  }

  private markRule(rule: CompiledRule, number: number): void {
    const { conversation, turns, mask } = this.input;
    // the lists of segments may train any role
    const bySegments = mask.policy === "structural";
    for (const turn of turns) {
      const looks = rule.role === undefined ? turn.weight > 0 || bySegments : turn.role === rule.role;
      if (!looks || !turn.kept) continue;
      for (const match of conversation.text.slice(turn.bodyStart, turn.bodyEnd).matchAll(rule.regex)) {
        const start = turn.bodyStart + match.index;
        for (const index of this.tokensOf({ start, end: start + match[0].length })) {
          if (this.isPart(index, rule)) this.ruleAt[index] = number;
        }
      }
    }
  }

  private isPart(index: number, { part }: CompiledRule): boolean {
    const marked = this.parts[index];
    if (part === "reasoning") return marked === REASONING;
    if (part === "tool_calls") return marked === TOOL_CALLS;
    return part === undefined || (marked === 0 && this.input.messageOf(index) >= 0);
  }

  /** A token belongs to a stretch with its first character that is not a space: one often begins with the space before a word. */
  private *tokensOf({ start, end }: Stretch): Generator<number> {
    const { starts, ends, text } = this.input.conversation;
    for (let i = firstWith(ends, start + 1); i < starts.length && (starts[i] ?? 0) < end; i++) {
      const word = wordStart(text, starts[i] ?? 0, ends[i] ?? 0);
      if (word >= start && word < end) yield i;
    }
  }
}

/** First character of a token that is not a space; its first where there are only spaces. */
export function wordStart(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && /\s/.test(text[at] ?? "")) at++;
  return at < end ? at : start;
}

const off = (base: TokenDecision, reason: Reason): TokenDecision => ({ ...base, scored: false, weight: 0, reason });
