import * as v from "valibot";
import { runEvent, type MetricColumns, type RunEvent } from "#shared/contract/runs.ts";
import type { StepMetrics, WorkerEvent } from "#shared/worker/protocol.ts";
import type { Db } from "./database.ts";
import { keyOf } from "./ids.ts";
import { count, flag, json, query } from "./query.ts";

const metricRecord = v.object({
  step: v.number(),
  epoch: v.number(),
  loss: v.number(),
  grad_norm: v.number(),
  learning_rate: v.number(),
  tokens: v.number(),
  supervised_tokens: v.number(),
  step_seconds: v.number(),
});
const evaluationRecord = v.object({ step: v.number(), eval_loss: v.number() });
const checkpointRecord = v.object({
  step: v.number(),
  path: v.string(),
  bytes: v.number(),
  final: flag,
  created_at: v.number(),
});
const eventRecord = v.object({ sequence: v.number(), time: v.number(), payload: json(runEvent.entries.event) });

const progressTotals = v.object({ tokens: v.number(), supervisedTokens: v.number(), seconds: v.number() });
export type ProgressTotals = v.InferOutput<typeof progressTotals>;

export interface Performance extends ProgressTotals {
  /** Of the run's process; null before the first step. */
  readonly peakMemoryBytes: number | null;
  /** Since the run was last started: floating point operations, seconds of laying rows out, and of the steps. */
  readonly counted: { readonly flops: number; readonly dataSeconds: number; readonly seconds: number };
  readonly peakFlopsPerSecond: number | null;
}

export interface Checkpoint {
  readonly step: number;
  readonly path: string;
  readonly bytes: number;
  /** The finished model itself, not a checkpoint on the way. */
  readonly final: boolean;
  readonly createdAt: number;
}
type CheckpointEvent = Extract<WorkerEvent, { type: "checkpoint" }>;

/** What a run reports while it goes on: metrics, evaluations, checkpoints, and the append-only events behind them. */
export class ProgressTable {
  readonly #db: Db;
  readonly #metrics;
  readonly #evaluations;
  readonly #checkpoints;
  readonly #events;
  readonly #ofType;
  readonly #lastSequence;
  readonly #losses;
  readonly #range;
  readonly #totals;
  readonly #performance;
  readonly #counted;

  constructor(db: Db) {
    this.#db = db;
    this.#metrics = query(
      db,
      `SELECT step, epoch, loss, grad_norm, learning_rate, tokens, supervised_tokens, step_seconds
       FROM metrics WHERE run = ? ORDER BY step`,
      metricRecord,
    );
    this.#evaluations = query(
      db,
      "SELECT step, eval_loss FROM evaluations WHERE run = ? ORDER BY step",
      evaluationRecord,
    );
    this.#checkpoints = query(
      db,
      "SELECT step, path, bytes, final, created_at FROM checkpoints WHERE run = ? AND removed = 0 ORDER BY step, final",
      checkpointRecord,
    );
    this.#events = query(
      db,
      "SELECT sequence, time, payload FROM events WHERE run = ? AND sequence > ? ORDER BY sequence LIMIT ?",
      eventRecord,
    );
    this.#ofType = query(
      db,
      "SELECT sequence, time, payload FROM events WHERE run = ? AND type = ? ORDER BY sequence",
      eventRecord,
    );
    this.#lastSequence = query(db, "SELECT coalesce(max(sequence), 0) AS n FROM events WHERE run = ?", count);
    this.#range = query(
      db,
      "SELECT coalesce(min(step), 0) AS first, coalesce(max(step), 0) AS last FROM metrics WHERE run = ?",
      v.object({ first: v.number(), last: v.number() }),
    );
    this.#losses = query(
      db,
      "SELECT loss FROM metrics WHERE run = ? AND ((step - ?) % ? = 0 OR step = ?) ORDER BY step",
      v.object({ loss: v.number() }),
    );
    this.#performance = query(
      db,
      `SELECT coalesce(sum(tokens), 0) AS tokens, coalesce(sum(supervised_tokens), 0) AS supervisedTokens,
         coalesce(sum(step_seconds), 0) AS seconds, max(peak_memory_bytes) AS peakMemoryBytes FROM metrics WHERE run = ?`,
      v.object({ ...progressTotals.entries, peakMemoryBytes: v.nullable(v.number()) }),
    );
    this.#counted = query(
      db,
      `SELECT coalesce(sum(payload ->> 'flops'), 0) AS flops, coalesce(sum(payload ->> 'dataSeconds'), 0) AS dataSeconds,
         coalesce(sum(payload ->> 'stepSeconds'), 0) AS seconds
       FROM events WHERE run = ? AND type = 'step' AND payload ->> 'flops' IS NOT NULL
         AND sequence > coalesce((SELECT max(sequence) FROM events WHERE run = ? AND type = 'totals'), 0)`,
      v.object({ flops: v.number(), dataSeconds: v.number(), seconds: v.number() }),
    );
    this.#totals = query(
      db,
      `SELECT coalesce(sum(tokens), 0) AS tokens, coalesce(sum(supervised_tokens), 0) AS supervisedTokens,
         coalesce(sum(step_seconds), 0) AS seconds FROM metrics WHERE run = ? AND step > ?`,
      progressTotals,
    );
  }

  /** Sums over the steps that stand; `counted` over those whose work was counted. */
  performance(runId: string): Performance {
    const run = keyOf("r", runId);
    const sums = this.#performance.get(run);
    const counted = this.#counted.get(run, run);
    const peak = this.eventsOfType(runId, "peak").at(-1);
    return {
      ...(sums ?? { tokens: 0, supervisedTokens: 0, seconds: 0, peakMemoryBytes: null }),
      counted: counted ?? { flops: 0, dataSeconds: 0, seconds: 0 },
      peakFlopsPerSecond: peak?.flopsPerSecond ?? null,
    };
  }

  /** Appends an event; its sequence number, 1, 2, … within the run. */
  appendEvent(runId: string, time: number, event: RunEvent["event"]): RunEvent {
    const run = keyOf("r", runId);
    return this.#db.transaction(() => {
      const sequence = (this.#lastSequence.get(run)?.n ?? 0) + 1;
      this.#db
        .prepare("INSERT INTO events (run, sequence, time, type, payload) VALUES (?, ?, ?, ?, ?)")
        .run(run, sequence, time, event.type, JSON.stringify(event));
      return { sequence, time, event };
    })();
  }

  events(runId: string, afterSequence: number, limit: number): RunEvent[] {
    return this.#events
      .all(keyOf("r", runId), afterSequence, limit)
      .map(({ sequence, time, payload }) => ({ sequence, time, event: payload }));
  }

  /** The recorded events of one kind, oldest first. */
  eventsOfType<T extends WorkerEvent["type"]>(runId: string, type: T): Extract<WorkerEvent, { type: T }>[] {
    const isWanted = (event: RunEvent["event"]): event is Extract<WorkerEvent, { type: T }> => event.type === type;
    return this.#ofType
      .all(keyOf("r", runId), type)
      .map(({ payload }) => payload)
      .filter(isWanted);
  }

  /** A resumed run repeats the steps after its checkpoint: the newer value of a step stands, the events keep both. */
  recordStep(runId: string, m: StepMetrics): void {
    this.#db
      .prepare(
        `INSERT OR REPLACE INTO metrics (run, step, epoch, loss, grad_norm, learning_rate, tokens, supervised_tokens,
           step_seconds, peak_memory_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        keyOf("r", runId),
        m.step,
        m.epoch,
        m.loss,
        m.gradNorm,
        m.learningRate,
        m.tokens,
        m.supervisedTokens,
        m.stepSeconds,
        m.peakMemoryBytes,
      );
  }

  recordEvaluation(runId: string, evaluation: { step: number; evalLoss: number; supervisedTokens: number }): void {
    this.#db
      .prepare("INSERT OR REPLACE INTO evaluations (run, step, eval_loss, supervised_tokens) VALUES (?, ?, ?, ?)")
      .run(keyOf("r", runId), evaluation.step, evaluation.evalLoss, evaluation.supervisedTokens);
  }

  recordCheckpoint(runId: string, at: number, checkpoint: CheckpointEvent): void {
    const run = keyOf("r", runId);
    this.#db
      .prepare(
        "INSERT OR REPLACE INTO checkpoints (run, step, final, path, bytes, created_at, removed) VALUES (?, ?, ?, ?, ?, ?, 0)",
      )
      .run(run, checkpoint.step, checkpoint.final ? 1 : 0, checkpoint.path, checkpoint.bytes, at);
    const remove = this.#db.prepare("UPDATE checkpoints SET removed = 1 WHERE run = ? AND path = ? AND final = 0");
    for (const path of checkpoint.removed) remove.run(run, path);
  }

  /** Steps after `step` are about to be repeated (a resume): they leave the curves until they come again. */
  forgetAfter(runId: string, step: number): void {
    const run = keyOf("r", runId);
    for (const table of ["metrics", "evaluations"]) {
      this.#db.prepare(`DELETE FROM ${table} WHERE run = ? AND step > ?`).run(run, step);
    }
  }

  /** Those whose folder has not been removed, oldest first. */
  checkpoints(runId: string): Checkpoint[] {
    return this.#checkpoints
      .all(keyOf("r", runId))
      .map(({ created_at, ...rest }) => ({ ...rest, createdAt: created_at }));
  }

  /** Every n-th loss and the last, so that there are at most `points`: what a small curve needs. */
  lossCurve(runId: string, points: number): number[] {
    const run = keyOf("r", runId);
    const { first, last } = this.#range.get(run) ?? { first: 0, last: 0 };
    const stride = Math.max(1, Math.ceil((last - first + 1) / (points - 1)));
    return this.#losses.all(run, first, stride, last).map((row) => row.loss);
  }

  lastEvaluation(runId: string): number | null {
    return this.#evaluations.all(keyOf("r", runId)).at(-1)?.eval_loss ?? null;
  }

  /** Tokens and seconds of the steps after `afterStep`: what a speed is made of. */
  totals(runId: string, afterStep: number): ProgressTotals {
    return this.#totals.get(keyOf("r", runId), afterStep) ?? { tokens: 0, supervisedTokens: 0, seconds: 0 };
  }

  /** The curves, column by column. */
  metrics(runId: string): MetricColumns {
    const run = keyOf("r", runId);
    const steps = this.#metrics.all(run);
    const evaluations = this.#evaluations.all(run);
    return {
      step: steps.map((m) => m.step),
      epoch: steps.map((m) => m.epoch),
      loss: steps.map((m) => m.loss),
      gradNorm: steps.map((m) => m.grad_norm),
      learningRate: steps.map((m) => m.learning_rate),
      tokens: steps.map((m) => m.tokens),
      supervisedTokens: steps.map((m) => m.supervised_tokens),
      stepSeconds: steps.map((m) => m.step_seconds),
      evalStep: evaluations.map((m) => m.step),
      evalLoss: evaluations.map((m) => m.eval_loss),
    };
  }
}
