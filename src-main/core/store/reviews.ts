import * as v from "valibot";
import { verdict, weightSpan, type Verdict } from "#shared/contract/datasets.ts";
import type { WeightSpan } from "#shared/text/types.ts";
import type { Db } from "./database.ts";
import { keyOf } from "./ids.ts";
import { json, query } from "./query.ts";

const ACTIONS = ["verdict", "edit", "paint", "undo"] as const;
const historyRecord = v.object({
  key: v.number(),
  at: v.number(),
  action: v.picklist(ACTIONS),
  message_index: v.nullable(v.number()),
  value: v.string(),
  spans: v.nullable(json(v.array(weightSpan))),
  undoes: v.nullable(v.number()),
});
export type HistoryRecord = v.InferOutput<typeof historyRecord>;

const byMessage = <S extends v.GenericSchema>(value: S) => json(v.record(v.string(), value));
const stateRecord = v.object({
  row_id: v.string(),
  position: v.number(),
  verdict,
  turn_verdicts: byMessage(verdict),
  edits: byMessage(v.string()),
  spans: byMessage(v.array(weightSpan)),
});

/** What has been decided about a row: its verdict, and by message index the verdict, the new text and the paint of turns. */
export interface ReviewState {
  readonly verdict: Verdict;
  readonly turnVerdicts: Readonly<Record<string, Verdict>>;
  readonly edits: Readonly<Record<string, string>>;
  /** Where it is set, it stands for all paint of the message, also for what the row came with. */
  readonly spans: Readonly<Record<string, readonly WeightSpan[]>>;
}
export const UNREVIEWED: ReviewState = { verdict: "none", turnVerdicts: {}, edits: {}, spans: {} };

export interface RowRef {
  readonly versionId: string;
  readonly rowId: string;
  readonly position: number;
}
export type Decision =
  | { readonly action: "verdict"; readonly verdict: Verdict; readonly messageIndex: number | null }
  | { readonly action: "edit"; readonly content: string; readonly messageIndex: number; readonly spans: Spans | null }
  | { readonly action: "paint"; readonly messageIndex: number; readonly spans: Spans };
/** Paint of a message as it is after a decision. */
type Spans = readonly WeightSpan[];

/** The entries that still count, oldest first: neither undone nor undo entries themselves. */
export function standing(history: readonly HistoryRecord[]): HistoryRecord[] {
  const undone = new Set(history.map((entry) => entry.undoes));
  return history.filter((entry) => entry.action !== "undo" && !undone.has(entry.key));
}

/** The state that a history leads to. Pure: the table below stores its result for filters. */
export function foldHistory(history: readonly HistoryRecord[]): ReviewState {
  let rowVerdict: Verdict = "none";
  const turnVerdicts: Record<string, Verdict> = {};
  const edits: Record<string, string> = {};
  const spans: Record<string, readonly WeightSpan[]> = {};
  for (const entry of standing(history)) {
    if (entry.spans) spans[String(entry.message_index)] = entry.spans;
    if (entry.action === "paint") continue;
    if (entry.action === "edit") edits[String(entry.message_index)] = entry.value;
    else if (entry.message_index === null) rowVerdict = v.parse(verdict, entry.value);
    else turnVerdicts[String(entry.message_index)] = v.parse(verdict, entry.value);
  }
  return { verdict: rowVerdict, turnVerdicts, edits, spans };
}

/** Verdicts and edits: an append-only history a row, and its fold. */
export class ReviewTable {
  readonly #db: Db;
  readonly #history;
  readonly #state;
  readonly #states;

  constructor(db: Db) {
    this.#db = db;
    this.#history = query(
      db,
      `SELECT key, at, action, message_index, value, spans, undoes FROM row_history WHERE version = ? AND row_id = ? ORDER BY key`,
      historyRecord,
    );
    const columns = "row_id, position, verdict, turn_verdicts, edits, spans";
    this.#state = query(db, `SELECT ${columns} FROM row_state WHERE version = ? AND row_id = ?`, stateRecord);
    this.#states = query(
      db,
      `SELECT ${columns} FROM row_state WHERE version = ? AND position >= ? AND position < ?`,
      stateRecord,
    );
  }

  history(versionId: string, rowId: string): HistoryRecord[] {
    return this.#history.all(keyOf("v", versionId), rowId);
  }

  state(versionId: string, rowId: string): ReviewState {
    const record = this.#state.get(keyOf("v", versionId), rowId);
    return record ? toState(record) : UNREVIEWED;
  }

  /** Reviewed rows with `from` ≤ position < `to`, by position; rows without an entry are unreviewed. */
  statesBetween(versionId: string, from: number, to: number): Map<number, ReviewState> {
    const records = this.#states.all(keyOf("v", versionId), from, to);
    return new Map(records.map((record) => [record.position, toState(record)]));
  }

  decide(row: RowRef, decision: Decision, at: number): void {
    const { action, messageIndex } = decision;
    const value = action === "edit" ? decision.content : action === "paint" ? "" : decision.verdict;
    const spans = action === "verdict" ? null : decision.spans;
    this.#append(row, { at, action, messageIndex, value, spans, undoes: null });
  }

  /** Takes back the newest entry that stands; false where there is none. */
  undo(row: RowRef, at: number): boolean {
    const last = standing(this.history(row.versionId, row.rowId)).at(-1);
    if (!last) return false;
    const { key: undoes, message_index: messageIndex, action: value } = last;
    this.#append(row, { at, action: "undo", messageIndex, value, spans: null, undoes });
    return true;
  }

  #append(
    row: RowRef,
    entry: {
      at: number;
      action: (typeof ACTIONS)[number];
      messageIndex: number | null;
      value: string;
      spans: Spans | null;
      undoes: number | null;
    },
  ): void {
    const version = keyOf("v", row.versionId);
    this.#db.transaction(() => {
      this.#db
        .prepare(
          "INSERT INTO row_history (version, row_id, at, action, message_index, value, spans, undoes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .run(
          version,
          row.rowId,
          entry.at,
          entry.action,
          entry.messageIndex,
          entry.value,
          entry.spans && JSON.stringify(entry.spans),
          entry.undoes,
        );
      this.#writeState(version, row, foldHistory(this.#history.all(version, row.rowId)));
      this.#db.prepare("UPDATE dataset_versions SET revision = revision + 1 WHERE key = ?").run(version);
    })();
  }

  #writeState(version: number, row: RowRef, state: ReviewState): void {
    const edited = Object.keys(state.edits).length > 0 ? 1 : 0;
    this.#db
      .prepare(
        `INSERT OR REPLACE INTO row_state (version, position, row_id, verdict, edited, turn_verdicts, edits, spans)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        version,
        row.position,
        row.rowId,
        state.verdict,
        edited,
        JSON.stringify(state.turnVerdicts),
        JSON.stringify(state.edits),
        JSON.stringify(state.spans),
      );
  }
}

const toState = (record: v.InferOutput<typeof stateRecord>): ReviewState => ({
  verdict: record.verdict,
  turnVerdicts: record.turn_verdicts,
  edits: record.edits,
  spans: record.spans,
});
