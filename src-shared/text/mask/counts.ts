import { IGNORE, type MaskPolicy, type Reason, REASONS } from "../types.ts";
import type { MaskOptions } from "./options.ts";
import { type KeyedRule, maskRules } from "./words.ts";

/** What one rule does: tokens that it decides, how many of them are trained, and rows that hold one. */
export interface RuleTally {
  readonly rule: string;
  readonly tokens: number;
  readonly trained: number;
  readonly rows: number;
}

/** Columns of an encoded row or of a view of one. */
export interface CountedRow {
  readonly labels: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
  readonly reasons: ArrayLike<number>;
  readonly messages: ArrayLike<number>;
  readonly rules?: ArrayLike<number> | undefined;
}

const REASONS_OF: Readonly<Partial<Record<KeyedRule["kind"], readonly Reason[]>>> = {
  policy: ["answer", "tagged", "everything", "structural"],
  endOfTurn: ["end-of-turn", "end-of-turn-off"],
  header: ["header", "header-off"],
  reasoning: ["reasoning", "reasoning-off", "reasoning-earlier"],
  toolCalls: ["tool-calls", "tool-calls-off"],
};

/** A role's name in a turn's opening is the template's to write. */
const BY_TEMPLATE = REASONS.indexOf("template");

/** Counts what each rule of a mask does, row by row. */
export class RuleCounter {
  readonly rules: readonly KeyedRule[];
  private readonly tokens: number[];
  private readonly trained: number[];
  private readonly rows: number[];
  private readonly roles: Readonly<Record<string, number>>;
  /** Rule of each reason, -1 for none. */
  private readonly byReason: Int8Array;
  private readonly byRole: ReadonlyMap<string, readonly number[]>;
  private readonly firstPattern: number;
  private readonly weights: number;

  constructor(policy: MaskPolicy, options: MaskOptions = {}) {
    this.rules = maskRules(policy, options);
    [this.tokens, this.trained, this.rows] = [this.zeros(), this.zeros(), this.zeros()];
    this.roles = options.roles ?? {};
    this.byReason = Int8Array.from(REASONS, (reason) =>
      this.rules.findIndex(({ kind }) => REASONS_OF[kind]?.includes(reason) === true),
    );
    this.firstPattern = this.rules.findIndex(({ kind }) => kind === "rule");
    this.weights = this.rules.length - 1;
    const named = this.rules.flatMap((rule, i): [string, number][] =>
      rule.kind === "role" ? [[rule.role, i]] : rule.kind === "toolResults" ? [["tool", i]] : [],
    );
    this.byRole = new Map(named.map(([role]) => [role, named.filter(([each]) => each === role).map(([, i]) => i)]));
  }

  /** @param roles of the messages */
  add(row: CountedRow, roles: readonly string[]): void {
    const seen = new Uint8Array(this.rules.length);
    const rulesOf = roles.map((role) => this.byRole.get(role));
    for (let start = 0, end = 0; start < row.labels.length; start = end) {
      end = endOfRun(row, start);
      const count = (rule: number): void => {
        this.tokens[rule] = (this.tokens[rule] ?? 0) + end - start;
        if (row.labels[start] !== IGNORE) this.trained[rule] = (this.trained[rule] ?? 0) + end - start;
        seen[rule] = 1;
      };
      const reason = row.reasons[start] ?? 0;
      const byReason = this.byReason[reason] ?? -1;
      if (byReason >= 0) count(byReason);
      const message = row.messages[start] ?? -1;
      if (message >= 0 && reason !== BY_TEMPLATE) for (const rule of rulesOf[message] ?? []) count(rule);
      const pattern = row.rules?.[start] ?? 0;
      if (pattern > 0) count(this.firstPattern + pattern - 1);
      else if (this.isWeighted(row, start, roles[message])) count(this.weights);
    }
    seen.forEach((was, rule) => (this.rows[rule] = (this.rows[rule] ?? 0) + was));
  }

  merge(others: readonly RuleTally[]): void {
    for (const { rule, tokens, trained, rows } of others) {
      const i = this.rules.findIndex(({ key }) => key === rule);
      if (i < 0) continue;
      this.tokens[i] = (this.tokens[i] ?? 0) + tokens;
      this.trained[i] = (this.trained[i] ?? 0) + trained;
      this.rows[i] = (this.rows[i] ?? 0) + rows;
    }
  }

  /** Every rule in order; the data's weights only where there are any. */
  report(): RuleTally[] {
    const all = this.rules.map(({ key: rule }, i) => {
      return { rule, tokens: this.tokens[i] ?? 0, trained: this.trained[i] ?? 0, rows: this.rows[i] ?? 0 };
    });
    return all.filter(({ tokens }, i) => i < this.weights || tokens > 0);
  }

  private zeros(): number[] {
    return this.rules.map(() => 0);
  }

  /** Whether a weight of the data is at work: what is left of the token's weight without its role's is not 1. */
  private isWeighted(row: CountedRow, index: number, role: string | undefined): boolean {
    if (REASONS[row.reasons[index] ?? 0] === "weight-zero") return true;
    if (row.labels[index] === IGNORE) return false;
    const expected = role === undefined ? undefined : (this.roles[role] ?? 1);
    const weight = row.weights[index] ?? 1;
    return weight !== 1 && (expected === undefined ? this.byRole.size === 0 : Math.fround(expected) !== weight);
  }
}

/** End of the tokens from `start` on for which the same was decided. */
function endOfRun({ labels, weights, reasons, messages, rules }: CountedRow, start: number): number {
  const scored = labels[start] !== IGNORE;
  let end = start + 1;
  while (
    end < labels.length &&
    (labels[end] !== IGNORE) === scored &&
    reasons[end] === reasons[start] &&
    messages[end] === messages[start] &&
    weights[end] === weights[start] &&
    rules?.[end] === rules?.[start]
  )
    end++;
  return end;
}

/** Tallies of several batches of rows under one mask. */
export function addTallies(sum: readonly RuleTally[], more: readonly RuleTally[]): RuleTally[] {
  const keys = [...new Set([...sum, ...more].map(({ rule }) => rule))];
  return keys.map((rule) => {
    const same = [...sum, ...more].filter((each) => each.rule === rule);
    const total = (of: "tokens" | "trained" | "rows"): number => same.reduce((all, each) => all + each[of], 0);
    return { rule, tokens: total("tokens"), trained: total("trained"), rows: total("rows") };
  });
}
