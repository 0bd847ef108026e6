import { closeSync, existsSync, fstatSync, openSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ConfigLayer, RunConfig } from "#shared/config/index.ts";
import type {
  Comparison,
  ConfigEntry,
  MetricColumns,
  PlanPreview,
  RunDetail,
  RunEvent,
  RunSample,
  RunSummary,
} from "#shared/contract/runs.ts";
import type { MadeModel } from "#shared/contract/models.ts";
import type { SetupCheck } from "#shared/contract/setup.ts";
import { SiftError } from "#shared/errors.ts";
import type { DataHashes } from "../data/data-hash.ts";
import type { RunSources } from "../data/source.ts";
import type { ModelService } from "../models/service.ts";
import type { NewRun, Run } from "../store/runs.ts";
import type { Store } from "../store/index.ts";
import type { EventHub } from "../system/events.ts";
import type { HomePaths } from "../system/home.ts";
import { compareRuns } from "./compare.ts";
import type { Draft } from "./draft.ts";
import { extendedEntries, type Extension } from "./extension.ts";
import { hasEnded, RunJournal } from "./journal.ts";
import { lastCheckpoint } from "./output-dir.ts";
import { Planner } from "./planner.ts";
import { prepareRun, snapshotFolder } from "./prepare.ts";
import { RunQueue } from "./queue.ts";
import { sourcesOf } from "./resolve.ts";
import { runSamples } from "./samples.ts";
import { RunStarter, type Continuation, type StartRequest } from "./starter.ts";
import { madeModel, runDetail, runSummary, type LiveFacts } from "./views.ts";

interface Parts {
  readonly store: Store;
  readonly events: EventHub;
  readonly clock: () => number;
  readonly paths: HomePaths;
  readonly version: string;
  readonly hashes: DataHashes;
  readonly models: ModelService;
  readonly onBusyChange: (busy: boolean) => void;
}

/** Bytes of a log that are shown: its end. */
const LOG_TAIL_BYTES = 512 * 1024;

/** Runs: planned, queued, watched, stopped, resumed, compared. */
export class RunService {
  readonly #parts: Parts;
  readonly #journal: RunJournal;
  readonly #queue: RunQueue;
  readonly #starter: RunStarter;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { store, events, clock, paths, version, onBusyChange } = parts;
    this.#journal = new RunJournal({ store, events, clock });
    const prepareParts = {
      store,
      snapshots: paths.snapshots,
      cache: paths.cache,
      version,
      sourcesOf: this.#sourcesOf.bind(this),
      threads: () => (this.#queue.active ? 1 : undefined), // a run that trains keeps its cores
    };
    this.#queue = new RunQueue({
      store,
      journal: this.#journal,
      clock,
      prepare: (run, signal) => prepareRun(prepareParts, run, signal),
      onBusyChange,
    });
    this.#starter = new RunStarter({
      ...parts,
      planner: new Planner(parts),
      queueNew: this.#queueNew.bind(this),
      goOn: this.#goOn.bind(this),
    });
  }

  get busy(): boolean {
    return this.#queue.busy;
  }

  /** Once, when core opens. */
  recover(startQueue: boolean): void {
    this.#queue.recover(startQueue);
  }

  close(): Promise<void> {
    return this.#queue.close();
  }

  list(): RunSummary[] {
    return this.#parts.store.runs.list().map((run) => runSummary(this.#parts.store, run, this.#live(run)));
  }

  get(runId: string): RunDetail {
    const run = this.#parts.store.runs.get(runId);
    return runDetail(this.#parts.store, run, this.#live(run));
  }

  summary(runId: string): RunSummary {
    const run = this.#parts.store.runs.get(runId);
    return runSummary(this.#parts.store, run, this.#live(run));
  }

  plan(draft: Draft): Promise<PlanPreview> {
    return this.#starter.plan(draft);
  }

  checkSetup(draft: Draft, signal?: AbortSignal): Promise<SetupCheck> {
    return this.#starter.checkSetup(draft, signal);
  }

  /** @throws SiftError `run-active`: a run that trains keeps its cores, and its memory would be missing */
  measure(draft: Draft, signal?: AbortSignal): Promise<void> {
    if (this.#queue.active) {
      throw new SiftError("run-active", "a run is training, so that steps cannot be measured now", {
        remedy: "measure when it has ended",
      });
    }
    return this.#starter.measure(draft, signal);
  }

  start(request: StartRequest): Promise<string> {
    return this.#starter.start(request);
  }

  train(layers: readonly ConfigLayer[], waive: readonly string[]): ReturnType<RunStarter["train"]> {
    return this.#starter.train(layers, waive);
  }

  /** What the runs made, newest run first: the finished model or the last checkpoint of each. */
  madeModels(): MadeModel[] {
    return this.#parts.store.runs.list().flatMap((run) => madeModel(this.#parts.store, run));
  }

  stop(runId: string, save: boolean): RunSummary {
    this.#queue.stop(this.#parts.store.runs.get(runId), save ? "save" : "discard");
    return this.summary(runId);
  }

  /**
   * The same run goes on from its last checkpoint, or from the beginning where it has none; one that waits for disk space
   * tries again. @throws SiftError `run-state`
   */
  resume(runId: string): RunSummary {
    const run = this.#parts.store.runs.get(runId);
    if (this.#queue.active?.runId === runId || this.#queue.waits(run)) {
      this.#queue.continue(run);
      return this.summary(runId);
    }
    if (run.state === "done") throw new SiftError("run-state", "the run is done; extend it to train on");
    const checkpoint = lastCheckpoint(run.outputDir);
    this.#goOn(run, { resumeFrom: checkpoint?.path ?? null, waived: run.waived });
    return this.summary(runId);
  }

  saveNow(runId: string): RunSummary {
    this.#queue.save(this.#parts.store.runs.get(runId));
    return this.summary(runId);
  }

  /** The same run goes on from its last checkpoint to more passes or steps. @throws SiftError `extend`, `run-state` */
  extend(runId: string, more: Extension): RunSummary {
    const { store } = this.#parts;
    const run = store.runs.get(runId);
    const checkpoint = hasEnded(run.state) ? lastCheckpoint(run.outputDir) : undefined;
    if (!checkpoint) {
      const why = hasEnded(run.state) ? "the run has no checkpoint to go on from" : `the run is ${run.state}`;
      throw new SiftError("extend", why, { where: { what: run.name } });
    }
    const entries = extendedEntries(store.runs.config(runId), checkpoint.manifest, more);
    this.#goOn(run, { resumeFrom: checkpoint.path, waived: run.waived, entries });
    return this.summary(runId);
  }

  samples(runId: string): RunSample[] {
    const { store } = this.#parts;
    return runSamples(store, store.runs.get(runId));
  }

  rename(runId: string, name: string): RunSummary {
    if (name.trim() === "") throw new SiftError("run-name", "a run needs a name");
    this.#journal.update(runId, { name: name.trim() });
    return this.summary(runId);
  }

  /** @throws SiftError `run-active` */
  remove(runId: string, deleteFiles: boolean): void {
    const { store, events, paths } = this.#parts;
    const run = store.runs.get(runId);
    if (!hasEnded(run.state)) {
      throw new SiftError("run-active", `the run is ${run.state}`, {
        where: { what: run.name },
        remedy: "stop it first",
      });
    }
    store.runs.remove(runId);
    rmSync(snapshotFolder(paths.snapshots, runId), { recursive: true, force: true });
    if (deleteFiles) rmSync(run.outputDir, { recursive: true, force: true });
    events.emit({ type: "runs", runId });
    events.emit({ type: "models" });
  }

  metrics(runId: string): MetricColumns {
    this.#parts.store.runs.get(runId);
    return this.#parts.store.progress.metrics(runId);
  }

  watch(runId: string, afterSequence: number, signal: AbortSignal | undefined): AsyncGenerator<RunEvent> {
    return this.#journal.watch(runId, afterSequence, signal);
  }

  /** The end of the run's train.log. */
  log(runId: string): { text: string; truncated: boolean } {
    const file = join(this.#parts.store.runs.get(runId).outputDir, "train.log");
    if (!existsSync(file)) return { text: "", truncated: false };
    const descriptor = openSync(file, "r");
    try {
      const { size } = fstatSync(descriptor);
      const start = Math.max(0, size - LOG_TAIL_BYTES);
      const bytes = Buffer.alloc(size - start);
      const read = readSync(descriptor, bytes, 0, bytes.length, start);
      return { text: bytes.subarray(0, read).toString("utf8"), truncated: start > 0 };
    } finally {
      closeSync(descriptor);
    }
  }

  compare(runIds: readonly string[]): Comparison {
    const { store } = this.#parts;
    const compared = [...new Set(runIds)].map((runId) => ({
      run: store.runs.get(runId),
      summary: this.summary(runId),
      config: store.runs.config(runId),
      metrics: store.progress.metrics(runId),
    }));
    return compareRuns(compared);
  }

  #live(run: Run): LiveFacts {
    const { active } = this.#queue;
    const isActive = active?.runId === run.id;
    const waiting = run.state === "queued" ? this.#parts.store.runs.inState("queued") : [];
    const place = waiting.findIndex(({ id }) => id === run.id);
    const paused = isActive ? active.pausedSentence : undefined;
    return {
      paused,
      secondsLeft: isActive ? active.pace.secondsLeft() : null,
      queuePosition: place < 0 ? null : place + 1,
    };
  }

  #queueNew(run: NewRun, entries: readonly ConfigEntry[]): string {
    const runId = this.#parts.store.runs.create(run, entries);
    this.#journal.announce(runId);
    this.#queue.add(this.#parts.store.runs.get(runId));
    return runId;
  }

  #goOn(run: Run, change: Continuation): string {
    const { store, clock } = this.#parts;
    const { entries, ...patch } = change;
    if (entries) store.runs.replaceConfig(run.id, entries);
    const from = change.resumeFrom === null ? "the beginning" : `checkpoint ${change.resumeFrom.split(/[\\/]/).at(-1)}`;
    const queued = this.#journal.transition(run.id, "queued", {
      ...patch,
      sentence: `Waiting to go on from ${from}`,
      queuedAt: clock(),
    });
    this.#queue.add(queued);
    return run.id;
  }

  #sourcesOf(run: Run, config: RunConfig): RunSources {
    const { store } = this.#parts;
    if (run.versionId === null) return sourcesOf(config, store);
    const evaluation =
      config.eval_files.length > 0 ? sourcesOf({ ...config, train_files: config.eval_files }, store).train : null;
    return { train: { kind: "version", versionId: run.versionId }, evaluation };
  }
}
