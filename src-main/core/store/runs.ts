import * as v from "valibot";
import { errorReport } from "#shared/contract/common.ts";
import { configEntry, runState, waivedFinding, type ConfigEntry, type RunState } from "#shared/contract/runs.ts";
import { encodeSettings, proof, templateChoice } from "#shared/contract/text.ts";
import { RUN_PHASES, servingTemplate } from "#shared/worker/protocol.ts";
import { SiftError } from "#shared/errors.ts";
import type { Db } from "./database.ts";
import { idOf, keyOf, notFound } from "./ids.ts";
import { json, query, type SqlValue } from "./query.ts";

export const machine = v.object({
  engine: v.string(),
  device: v.string(),
  precision: v.string(),
  threads: v.number(),
  totalParameters: v.nullable(v.number()),
  trainableParameters: v.nullable(v.number()),
});

const runRecord = v.object({
  key: v.number(),
  name: v.string(),
  state: runState,
  sentence: v.string(),
  created_at: v.number(),
  queued_at: v.number(),
  started_at: v.nullable(v.number()),
  ended_at: v.nullable(v.number()),
  version: v.nullable(v.number()),
  dataset_name: v.string(),
  model_path: v.string(),
  model_name: v.string(),
  output_dir: v.string(),
  template: json(templateChoice),
  encode_settings: json(v.nullable(encodeSettings)),
  serving: v.nullable(json(servingTemplate)),
  proof: v.nullable(json(proof)),
  waived: json(v.array(waivedFinding)),
  pins: json(v.record(v.string(), v.string())),
  machine: v.nullable(json(machine)),
  phase: v.nullable(v.picklist(RUN_PHASES)),
  step: v.number(),
  start_step: v.number(),
  total_steps: v.nullable(v.number()),
  resume_from: v.nullable(v.string()),
  error: v.nullable(json(errorReport)),
});
type RunRecord = v.InferOutput<typeof runRecord>;

/** A run as the record holds it. */
export interface Run {
  readonly id: string;
  readonly name: string;
  readonly state: RunState;
  readonly sentence: string;
  readonly createdAt: number;
  readonly queuedAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly versionId: string | null;
  readonly datasetName: string;
  readonly modelPath: string;
  readonly modelName: string;
  readonly outputDir: string;
  readonly template: RunRecord["template"];
  /** Null for a run whose rows came already tokenised. */
  readonly encodeSettings: RunRecord["encode_settings"];
  readonly serving: RunRecord["serving"];
  readonly proof: RunRecord["proof"];
  readonly waived: RunRecord["waived"];
  readonly pins: RunRecord["pins"];
  readonly machine: RunRecord["machine"];
  readonly phase: RunRecord["phase"];
  readonly step: number;
  readonly startStep: number;
  readonly totalSteps: number | null;
  /** Checkpoint folder that the next start goes on from. */
  readonly resumeFrom: string | null;
  readonly error: RunRecord["error"];
}
export type NewRun = Omit<
  Run,
  "id" | "state" | "startedAt" | "endedAt" | "machine" | "phase" | "step" | "startStep" | "totalSteps" | "error"
>;

/** The state machine: what may follow what. `interrupted`, `failed` and `stopped` go back to `queued` by a resume, `done` by an extension. */
export const RUN_TRANSITIONS: Readonly<Record<RunState, readonly RunState[]>> = {
  queued: ["running", "stopped", "failed"],
  running: ["stopping", "stopped", "failed", "interrupted", "done"],
  stopping: ["stopped", "failed", "interrupted", "done"],
  stopped: ["queued"],
  failed: ["queued"],
  interrupted: ["queued"],
  done: ["queued"],
};

/** Columns that change while a run goes on. */
export type RunPatch = Partial<
  Pick<
    Run,
    | "name"
    | "sentence"
    | "queuedAt"
    | "startedAt"
    | "endedAt"
    | "machine"
    | "phase"
    | "step"
    | "startStep"
    | "totalSteps"
    | "resumeFrom"
    | "error"
    | "pins"
    | "serving"
    | "waived"
  >
>;
const PATCH_COLUMNS: Readonly<Record<keyof RunPatch, string>> = {
  name: "name",
  sentence: "sentence",
  queuedAt: "queued_at",
  startedAt: "started_at",
  endedAt: "ended_at",
  machine: "machine",
  phase: "phase",
  step: "step",
  startStep: "start_step",
  totalSteps: "total_steps",
  resumeFrom: "resume_from",
  error: "error",
  pins: "pins",
  serving: "serving",
  waived: "waived",
};
const PATCH_NAMES = Object.keys(PATCH_COLUMNS) as (keyof RunPatch)[];

/** Runs with their resolved configuration. States change through `transition` only. */
export class RunTable {
  readonly #db: Db;
  readonly #list;
  readonly #get;
  readonly #inState;
  readonly #config;

  constructor(db: Db) {
    this.#db = db;
    this.#list = query(db, "SELECT * FROM runs ORDER BY key DESC", runRecord);
    this.#get = query(db, "SELECT * FROM runs WHERE key = ?", runRecord);
    this.#inState = query(db, "SELECT * FROM runs WHERE state = ? ORDER BY queued_at, key", runRecord);
    this.#config = query(
      db,
      "SELECT entry FROM run_config WHERE run = ? ORDER BY position",
      v.object({ entry: json(configEntry) }),
    );
  }

  list(): Run[] {
    return this.#list.all().map(toRun);
  }

  get(runId: string): Run {
    const record = this.#get.get(keyOf("r", runId));
    if (!record) throw notFound("r", runId);
    return toRun(record);
  }

  /** Oldest first. */
  inState(state: RunState): Run[] {
    return this.#inState.all(state).map(toRun);
  }

  config(runId: string): ConfigEntry[] {
    return this.#config.all(keyOf("r", runId)).map((row) => row.entry);
  }

  /** Makes a queued run with every configuration key, its value and the value's source. */
  create(run: NewRun, config: readonly ConfigEntry[]): string {
    return this.#db.transaction(() => {
      const made = this.#db
        .prepare(
          `INSERT INTO runs (name, state, sentence, created_at, queued_at, version, dataset_name, model_path, model_name,
             output_dir, template, encode_settings, serving, proof, waived, pins, resume_from)
           VALUES (?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(...newRunValues(run));
      const runId = idOf("r", Number(made.lastInsertRowid));
      this.#insertConfig(runId, config);
      return runId;
    })();
  }

  /** The configuration of a run that goes on with other values of the keys that may change (see `FREE_ON_RESUME`). */
  replaceConfig(runId: string, config: readonly ConfigEntry[]): void {
    this.#db.transaction(() => {
      this.#db.prepare("DELETE FROM run_config WHERE run = ?").run(keyOf("r", runId));
      this.#insertConfig(runId, config);
    })();
  }

  #insertConfig(runId: string, config: readonly ConfigEntry[]): void {
    const insert = this.#db.prepare(
      "INSERT INTO run_config (run, position, name, value, source, entry) VALUES (?, ?, ?, ?, ?, ?)",
    );
    config.forEach((entry, i) =>
      insert.run(keyOf("r", runId), i, entry.key, JSON.stringify(entry.value), entry.source, JSON.stringify(entry)),
    );
  }

  /** @throws SiftError `run-state` where the state machine has no such step. */
  transition(runId: string, to: RunState, patch: RunPatch = {}): Run {
    return this.#db.transaction(() => {
      const run = this.get(runId);
      if (!RUN_TRANSITIONS[run.state].includes(to)) {
        throw new SiftError("run-state", `a run that is ${run.state} cannot become ${to}`, {
          where: { what: run.name },
        });
      }
      this.#db.prepare("UPDATE runs SET state = ? WHERE key = ?").run(to, keyOf("r", runId));
      this.update(runId, patch);
      return this.get(runId);
    })();
  }

  update(runId: string, patch: RunPatch): void {
    const values = patchValues(patch);
    if (values.length === 0) return;
    const assignments = values.map(([column]) => `${column} = ?`).join(", ");
    this.#db
      .prepare(`UPDATE runs SET ${assignments} WHERE key = ?`)
      .run(...values.map(([, value]) => value), keyOf("r", runId));
  }

  remove(runId: string): void {
    this.#db.prepare("DELETE FROM runs WHERE key = ?").run(keyOf("r", runId));
  }
}

function patchValues(patch: RunPatch): [string, SqlValue][] {
  return PATCH_NAMES.flatMap((name) => {
    const value = patch[name];
    if (value === undefined) return [];
    const plain = value === null || typeof value === "string" || typeof value === "number";
    return [[PATCH_COLUMNS[name], plain ? value : JSON.stringify(value)] satisfies [string, SqlValue]];
  });
}

const orNull = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

const newRunValues = (run: NewRun): SqlValue[] => [
  run.name,
  run.sentence,
  run.createdAt,
  run.queuedAt,
  run.versionId === null ? null : keyOf("v", run.versionId),
  run.datasetName,
  run.modelPath,
  run.modelName,
  run.outputDir,
  JSON.stringify(run.template),
  JSON.stringify(run.encodeSettings),
  orNull(run.serving),
  orNull(run.proof),
  JSON.stringify(run.waived),
  JSON.stringify(run.pins),
  run.resumeFrom,
];

const toRun = (record: RunRecord): Run => ({
  id: idOf("r", record.key),
  name: record.name,
  state: record.state,
  sentence: record.sentence,
  createdAt: record.created_at,
  queuedAt: record.queued_at,
  startedAt: record.started_at,
  endedAt: record.ended_at,
  versionId: record.version === null ? null : idOf("v", record.version),
  datasetName: record.dataset_name,
  modelPath: record.model_path,
  modelName: record.model_name,
  outputDir: record.output_dir,
  template: record.template,
  encodeSettings: record.encode_settings,
  serving: record.serving,
  proof: record.proof,
  waived: record.waived,
  pins: record.pins,
  machine: record.machine,
  phase: record.phase,
  step: record.step,
  startStep: record.start_step,
  totalSteps: record.total_steps,
  resumeFrom: record.resume_from,
  error: record.error,
});
