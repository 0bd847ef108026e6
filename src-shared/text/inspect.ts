import type { AuthorLoss } from "./authors.ts";
import type { RowFacts } from "./encoderTypes.ts";
import type { FindingClass } from "./findings.ts";
import type { MaskOptions } from "./mask/options.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import type { TurnFinder } from "./turnFinder.ts";
import { type EncodedRow, IGNORE, type MaskPolicy } from "./types.ts";

/** What the checks need to know besides the row. */
export interface InspectionContext {
  /** Undefined where a model folder has no tokenizer; then the checks on special tokens do not apply. */
  readonly tokenizer: Tokenizer | undefined;
  readonly mask: MaskPolicy;
  readonly maskOptions?: MaskOptions | undefined;
  readonly stopIds: readonly number[];
  /** Rows that another tool tokenized are judged as well as checked (`sift audit`). */
  readonly audit?: boolean;
  /** Finds the answers in rows of bare ids; needed to judge whose words are scored there. */
  readonly turns?: TurnFinder | undefined;
}

/** A row as the encoder returns it. */
export interface Inspected {
  readonly encoded: EncodedRow;
  readonly facts: RowFacts;
  /** Result of the encoder's `prefixDiffers`. */
  readonly prefixDiffers?: boolean;
}

type Check = (row: Inspected, context: InspectionContext) => boolean;

/** Classes of findings that a row is in. A row that scores nothing is in that class only. */
export function inspectRow(row: Inspected, context: InspectionContext): FindingClass[] {
  if (scoresNothing(row.encoded)) return ["no-scored-token"];
  return CHECKS.filter(([, check]) => check(row, context)).map(([name]) => name);
}

/** The first position has nothing before it and is never a target. */
function scoresNothing(row: EncodedRow): boolean {
  return !row.labels.some((label, i) => i > 0 && label !== IGNORE);
}

const CHECKS: readonly (readonly [FindingClass, Check])[] = [
  ["untrained-end-of-turn", lacksEndOfTurn],
  ["role-leak", leaksRole],
  ["everything-scored", scoresEverything],
  ["text-mismatch", ({ facts }) => facts.lossy || answerLosses(facts).length > 0],
  ["bos", hasBosProblem],
  ["doubled-eos", doublesEnd],
  ["special-token-in-content", ({ facts }) => facts.specialInContent.length > 0],
  ["prefix-differs", ({ prefixDiffers }) => prefixDiffers === true],
  ["truncated", ({ encoded }) => encoded.truncatedTokens > 0],
];

/** What the template made of answers so that what is trained is not their text, or not known to be it. */
export function answerLosses({ losses = [], roles }: RowFacts): AuthorLoss[] {
  return losses.filter(({ operation, message }) => operation !== "" && roles[message] === "assistant");
}

function lacksEndOfTurn(row: Inspected, context: InspectionContext): boolean {
  const { encoded, facts } = row;
  const ends = new Set(context.stopIds);
  if (facts.kind === "text") return false;
  if (facts.kind === "tokens") {
    return context.audit === true && lacksEndOfFoundTurn(encoded, context, ends);
  }
  const all = [...lastTrainedTokens(encoded, facts)];
  const lastOf = context.maskOptions?.endOfTurn === "last" ? all.slice(-1) : all;
  return lastOf.some(([message, last]) => !endsTrained(encoded, { message, last, ends }));
}

/** Answers that are found in the ids each need their end; where none is found, some end must be scored. */
function lacksEndOfFoundTurn(encoded: EncodedRow, { turns }: InspectionContext, ends: ReadonlySet<number>): boolean {
  const answers = turns?.answers(encoded.ids) ?? [];
  const isScored = (i: number): boolean => encoded.labels[i] !== IGNORE;
  if (answers.length === 0) return !encoded.labels.some((label) => label !== IGNORE && ends.has(label));
  return answers.some(({ first, end, endOfTurn }) => {
    if (endOfTurn >= 0 && isScored(endOfTurn)) return false;
    for (let i = first; i < end; i++) if (isScored(i)) return true;
    return false;
  });
}

/** The last content token of each assistant message that has a trained one. */
function lastTrainedTokens(encoded: EncodedRow, facts: RowFacts): Map<number, number> {
  const { messages, labels } = encoded;
  const last = new Int32Array(facts.roles.length).fill(-1);
  const trained = new Uint8Array(facts.roles.length);
  for (let i = 0; i < labels.length; i++) {
    const message = messages[i] ?? -1;
    if (message < 0) continue;
    last[message] = i;
    if (labels[i] !== IGNORE) trained[message] = 1;
  }
  const answers = facts.roles.flatMap((role, message): [number, number][] =>
    role === "assistant" && trained[message] === 1 ? [[message, last[message] ?? -1]] : [],
  );
  return new Map(answers);
}

/** Whether a trained end token follows before anybody else writes. */
function endsTrained(
  encoded: EncodedRow,
  answer: { message: number; last: number; ends: ReadonlySet<number> },
): boolean {
  for (let i = answer.last; i < encoded.ids.length; i++) {
    const message = encoded.messages[i] ?? -1;
    if (message >= 0 && message !== answer.message) return false;
    if (encoded.labels[i] !== IGNORE && answer.ends.has(encoded.ids[i] ?? -1)) return true;
  }
  return false;
}

function leaksRole({ encoded, facts }: Inspected, context: InspectionContext): boolean {
  const { mask, maskOptions, audit, turns } = context;
  if (facts.kind === "tokens" && audit === true && turns) {
    const answers = turns.answers(encoded.ids);
    return answers.length > 0 && turns.scoresOthers(encoded, answers);
  }
  if (facts.kind !== "conversation" || mask === "all" || mask === "structural") return false;
  return encoded.labels.some((label, i) => {
    const message = encoded.messages[i] ?? -1;
    const role = facts.roles[message];
    return label !== IGNORE && message >= 0 && role !== "assistant" && !namesRole(maskOptions, role);
  });
}

/** Whether the options train a role besides the assistant, wholly or what a rule of theirs matches. */
function namesRole({ roles, toolResults, rules = [] }: MaskOptions = {}, role: string | undefined): boolean {
  if (role === undefined) return false;
  if (role === "tool" && toolResults === true) return true;
  return (roles?.[role] ?? 0) > 0 || rules.some((rule) => rule.role === role && rule.weight > 0);
}

function scoresEverything({ encoded, facts }: Inspected, { mask, audit }: InspectionContext): boolean {
  const applies = facts.kind === "conversation" ? mask !== "all" : facts.kind === "tokens" && audit === true;
  return applies && encoded.labels.length > 1 && encoded.labels.every((label, i) => i === 0 || label !== IGNORE);
}

function hasBosProblem({ encoded, facts }: Inspected, context: InspectionContext): boolean {
  const { tokenizer } = context;
  const bosToken = tokenizer?.files.specialTokens.bos_token;
  if (!tokenizer || bosToken === undefined || (facts.kind === "tokens" && !context.audit)) return false;
  const bos = tokenizer.tokenToId(bosToken);
  if (bos === undefined) return false;
  if (tokenizer.files.addsBos && encoded.ids[0] !== bos) return true;
  // Where one token both begins and ends texts, it may stand anywhere.
  if (context.stopIds.includes(bos)) return false;
  const typed = new Set(facts.specialInContent);
  return encoded.ids.some((id, i) => i > 0 && id === bos && !typed.has(i));
}

function doublesEnd({ encoded, facts }: Inspected, context: InspectionContext): boolean {
  const { tokenizer } = context;
  if (facts.kind === "tokens" && !context.audit) return false;
  const ends = new Set(context.stopIds);
  const typed = new Set(facts.specialInContent);
  let previous = -1;
  for (let i = 0; i < encoded.ids.length; i++) {
    const id = encoded.ids[i] ?? -1;
    if (ends.has(id) && id === previous && !typed.has(i)) return true;
    const isBlank =
      ends.has(previous) && tokenizer !== undefined && !ends.has(id) && tokenizer.decode([id]).trim() === "";
    if (!isBlank) previous = typed.has(i) ? -1 : id;
  }
  return false;
}
