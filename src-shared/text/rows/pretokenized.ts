import { SiftError } from "#shared/errors.ts";
import { IGNORE, type PretokenizedRow } from "../types.ts";
import { type JsonObject, rowError } from "./fields.ts";

/** Columns that say which tokens are scored, in the order in which they count: TRL's names beside `labels`. */
export const MASK_COLUMNS = ["completion_mask", "assistant_masks", "assistant_mask"] as const;

/** Every column that is read of a row that another tool tokenised. */
export const TOKEN_COLUMNS = [
  "input_ids",
  "labels",
  ...MASK_COLUMNS,
  "attention_mask",
  "weights",
  "position_ids",
  "seq_lengths",
] as const;

/** Whether a row holds ids together with what says which of them are scored. */
export function isTokenised(row: JsonObject): boolean {
  return "input_ids" in row && ("labels" in row || MASK_COLUMNS.some((name) => name in row));
}

/**
 * A row of `input_ids` with `labels` or a mask of 0 and 1. Positions that `attention_mask` leaves out are padding and are dropped.
 * @throws SiftError `row-tokens` where lists are missing or of unequal length, `row-padding` where padding is scored
 */
export function parseTokens(row: JsonObject): PretokenizedRow {
  const inputIds = numbers(row, "input_ids");
  const labels = labelsOf(row, inputIds);
  const weights = "weights" in row ? sameLength(row, "weights", inputIds) : undefined;
  const tokens = { inputIds, labels, ...(weights ? { weights } : {}) };
  return "attention_mask" in row ? withoutPadding(tokens, sameLength(row, "attention_mask", inputIds)) : tokens;
}

/**
 * The documents of a packed row, from `seq_lengths` or from where `position_ids` start again at 0; one for a row that is not packed.
 * A document's first token has nothing before it, wherever it stands in the pack.
 */
export function documentsOf(row: JsonObject): PretokenizedRow[] {
  const whole = parseTokens(row);
  const starts = documentStarts(row, whole.inputIds.length);
  return starts.map((start, i) => {
    const end = starts[i + 1];
    const { inputIds, labels, weights } = whole;
    return {
      inputIds: inputIds.slice(start, end),
      labels: labels.slice(start, end),
      ...(weights ? { weights: weights.slice(start, end) } : {}),
    };
  });
}

function documentStarts(row: JsonObject, length: number): number[] {
  if (Array.isArray(row["seq_lengths"])) {
    const lengths = numbers(row, "seq_lengths");
    const sum = lengths.reduce((total, each) => total + each, 0);
    if (sum === length) return lengths.map((_, i) => lengths.slice(0, i).reduce((total, each) => total + each, 0));
  }
  if (!Array.isArray(row["position_ids"]) || row["position_ids"].length !== length) return [0];
  const starts = numbers(row, "position_ids").flatMap((position, i) => (position === 0 ? [i] : []));
  return starts[0] === 0 ? starts : [0, ...starts];
}

function labelsOf(row: JsonObject, inputIds: readonly number[]): readonly number[] {
  if ("labels" in row) return sameLength(row, "labels", inputIds);
  const column = MASK_COLUMNS.find((name) => name in row);
  if (column === undefined) return inputIds;
  const mask = sameLength(row, column, inputIds);
  return inputIds.map((id, i) => (mask[i] ? id : IGNORE));
}

function withoutPadding(tokens: PretokenizedRow, attention: readonly number[]): PretokenizedRow {
  if (attention.every((each) => each !== 0)) return tokens;
  const scored = attention.findIndex((each, i) => each === 0 && tokens.labels[i] !== IGNORE);
  if (scored >= 0) {
    throw new SiftError("row-padding", `position ${scored} is scored although attention_mask leaves it out`, {
      remedy: "labels of padding must be -100",
    });
  }
  const kept = <Item>(list: readonly Item[]): Item[] => list.filter((_, i) => attention[i] !== 0);
  const { inputIds, labels, weights } = tokens;
  return { inputIds: kept(inputIds), labels: kept(labels), ...(weights ? { weights: kept(weights) } : {}) };
}

function sameLength(row: JsonObject, key: string, inputIds: readonly number[]): readonly number[] {
  const list = numbers(row, key);
  if (list.length === inputIds.length) return list;
  const message = `input_ids has ${inputIds.length} entries and ${key} has ${list.length}; they must be equally many`;
  throw new SiftError("row-tokens", message, {
    remedy: "a label is the position's own id, or -100 where it is not scored",
  });
}

function numbers(row: JsonObject, key: string): readonly number[] {
  const value = row[key];
  const isWhole = key !== "weights";
  const isList =
    Array.isArray(value) &&
    value.every(
      (each) => typeof each === "boolean" || (isWhole ? Number.isInteger(each) : Number.isFinite(Number(each))),
    );
  if (isList && value.length > 0) return value.map(Number);
  throw rowError(
    "row-tokens",
    `${key} must be a list of ${isWhole ? "whole " : ""}numbers that is not empty`,
    "correct the row",
  );
}
