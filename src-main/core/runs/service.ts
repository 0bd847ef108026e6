import { existsSync, openSync, readSync, closeSync, rmSync, fstatSync } from "node:fs";
import { join } from "node:path";
import { requireConfig, type ConfigLayer, type ConfigProblem, type RunConfig } from "#shared/config/index.ts";
import type {
  Comparison,
  ConfigEntry,
  MetricColumns,
  PlanPreview,
  RunDetail,
  RunEvent,
  RunSummary,
} from "#shared/contract/runs.ts";
import type { MadeModel } from "#shared/contract/models.ts";
import type { EncodeSettings, Proof } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import type { DataHashes } from "../data/data-hash.ts";
import { DataHash } from "../data/hash.ts";
import { readSource, type DataSource, type RunSources } from "../data/source.ts";
import { modelHash } from "../models/hash.ts";
import type { ModelService } from "../models/service.ts";
import type { NewRun, Run } from "../store/runs.ts";
import type { Store } from "../store/index.ts";
import type { EventHub } from "../system/events.ts";
import type { HomePaths } from "../system/home.ts";
import { openCoder, settingsHash } from "../text/encoding.ts";
import { textHash } from "../text/report.ts";
import { compareRuns } from "./compare.ts";
import { planPreview, resolveDraft, type Draft, type DraftContext } from "./draft.ts";
import { hasEnded, RunJournal } from "./journal.ts";
import { chooseStart, lastCheckpoint, requireSameRun, type FoundCheckpoint } from "./output-dir.ts";
import { prepareRun, snapshotFolder } from "./prepare.ts";
import { RunQueue } from "./queue.ts";
import { modelFolder, resolveLayers, sourcesOf } from "./resolve.ts";
import { encodeSettingsOf, templateChoiceOf } from "./settings.ts";
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

  constructor(parts: Parts) {
    this.#parts = parts;
    const { store, events, clock, paths, version, onBusyChange } = parts;
    this.#journal = new RunJournal({ store, events, clock });
    const prepareParts = { store, snapshots: paths.snapshots, version, sourcesOf: this.#sourcesOf.bind(this) };
    this.#queue = new RunQueue({
      store,
      journal: this.#journal,
      clock,
      prepare: (run, signal) => prepareRun(prepareParts, run, signal),
      onBusyChange,
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

  async plan(draft: Draft): Promise<PlanPreview> {
    const context = await this.#draftContext(draft.versionId);
    const resolved = resolveDraft(draft, context);
    const proof =
      resolved.config && (await this.#latestProof(draft.versionId, encodeSettingsOf(resolved.config, draft)));
    return planPreview(resolved, context.rows, proof);
  }

  /** @throws SiftError `bad-config`, `proof-outdated`, `findings-block`, those of the model and of the output folder */
  async start(
    request: Draft & { proofId: string; name?: string | undefined; waive: readonly string[] },
  ): Promise<string> {
    const { hashes } = this.#parts;
    const context = await this.#draftContext(request.versionId);
    const resolved = resolveDraft(request, context);
    const config = requireConfig(resolved);
    const model = this.#parts.models.requireTrainable(request.modelPath);
    const settings = encodeSettingsOf(config, request);
    const { hash: dataHash } = await hashes.of(request.versionId);
    const proof = this.#requireProof(request.proofId, { versionId: request.versionId, settings, dataHash });
    const waived = requireWaived(proof, request.waive);
    return this.#queueNew(
      {
        ...this.#base(request.name ?? config.run_name, context.datasetName),
        versionId: request.versionId,
        datasetName: context.datasetName,
        modelPath: model.path,
        modelName: model.name,
        outputDir: config.output_dir,
        template: request.template,
        encodeSettings: settings,
        proof,
        waived,
        pins: { data_hash: dataHash },
        resumeFrom: this.#chooseStart(config)?.path ?? null,
      },
      resolved.entries,
    );
  }

  /** A run from a configuration. @throws SiftError `bad-config`, `resume-differs`, those of files, model and output folder */
  async train(
    layers: readonly ConfigLayer[],
    waive: readonly string[],
  ): Promise<{ runId: string; notices: ConfigProblem[] }> {
    const { store, models } = this.#parts;
    const first = requireConfig(resolveLayers(layers));
    const sources = sourcesOf(first, store);
    const data = await surveyRows(store, sources.train, first.max_samples);
    const resolved = resolveLayers(layers, data.rows);
    const config = requireConfig(resolved);
    const model = models.requireTrainable(modelFolder(config, models));
    const template = templateChoiceOf(config);
    const settings = encodeSettingsOf(config, { template, modelPath: model.path });
    const start = this.#chooseStart(config);
    if (start) requireSameRun(start, { config: { ...config }, pins: await comparedPins(start, settings, data.hash) });
    const waived = waive.map((name) => ({ class: name, count: 0 }));
    const resumeFrom = start?.path ?? null;
    const earlier = start ? this.#earlierRun(config.output_dir) : undefined;
    const notices = [...resolved.notices];
    if (earlier) return { runId: this.#goOn(earlier, { resumeFrom, waived, entries: resolved.entries }), notices };
    const datasetName = datasetNameOf(config, sources, store);
    const run: NewRun = {
      ...this.#base(config.run_name, datasetName),
      versionId: sources.train.kind === "version" ? sources.train.versionId : null,
      datasetName,
      modelPath: model.path,
      modelName: model.name,
      outputDir: config.output_dir,
      template,
      encodeSettings: settings,
      proof: null,
      waived,
      pins: {},
      resumeFrom,
    };
    return { runId: this.#queueNew(run, resolved.entries), notices };
  }

  /** What the runs made, newest run first: the finished model or the last checkpoint of each. */
  madeModels(): MadeModel[] {
    return this.#parts.store.runs.list().flatMap((run) => madeModel(this.#parts.store, run));
  }

  stop(runId: string, save: boolean): RunSummary {
    this.#queue.stop(this.#parts.store.runs.get(runId), save ? "save" : "discard");
    return this.summary(runId);
  }

  /** The same run goes on from its last checkpoint, or from the beginning where it has none. @throws SiftError `run-state` */
  resume(runId: string): RunSummary {
    const run = this.#parts.store.runs.get(runId);
    const checkpoint = lastCheckpoint(run.outputDir);
    this.#goOn(run, { resumeFrom: checkpoint?.path ?? null, waived: run.waived });
    return this.summary(runId);
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
    return { secondsLeft: isActive ? active.pace.secondsLeft() : null, queuePosition: place < 0 ? null : place + 1 };
  }

  async #draftContext(versionId: string): Promise<DraftContext> {
    const { store, hashes, paths } = this.#parts;
    const { datasetName } = store.datasets.version(versionId);
    const { rows } = await hashes.of(versionId);
    return { datasetName, rows, runsFolder: paths.runs, templatesFolder: join(paths.home, "templates") };
  }

  async #latestProof(versionId: string, settings: EncodeSettings): Promise<Proof | null> {
    const { hash: dataHash } = await this.#parts.hashes.of(versionId);
    return this.#parts.store.proofs.latest({ versionId, settingsHash: settingsHash(settings), dataHash });
  }

  #requireProof(proofId: string, key: { versionId: string; settings: EncodeSettings; dataHash: string }): Proof {
    const { store } = this.#parts;
    const latest = store.proofs.latest({ ...key, settingsHash: settingsHash(key.settings) });
    if (latest && latest.id === store.proofs.get(proofId).id) return latest;
    throw new SiftError("proof-outdated", "the proof was made of other rows or with other settings", {
      remedy: "run the proof again",
    });
  }

  /** @throws SiftError `output-dir-busy` besides those of `chooseStart` */
  #chooseStart(config: RunConfig): FoundCheckpoint | null {
    const { store } = this.#parts;
    const other = store.runs.list().find((run) => run.outputDir === config.output_dir && !hasEnded(run.state));
    if (other) {
      throw new SiftError("output-dir-busy", `the run ${other.name} (${other.state}) writes into this folder`, {
        where: { file: config.output_dir, what: "output_dir" },
        remedy: "wait for it, stop it, or choose another output_dir",
      });
    }
    const start = chooseStart({
      outputDir: config.output_dir,
      resumeFrom: config.resume_from_checkpoint,
      overwrite: config.overwrite_output_dir,
    });
    if (start) requireSameRun(start, { config: { ...config }, pins: {} });
    return start;
  }

  #earlierRun(outputDir: string): Run | undefined {
    const runs = this.#parts.store.runs.list();
    return runs.find((run) => run.outputDir === outputDir && hasEnded(run.state) && run.state !== "done");
  }

  #base(name: string | null | undefined, datasetName: string) {
    const now = this.#parts.clock();
    const count = this.#parts.store.runs.list().length + 1;
    return {
      name: name?.trim() || `${datasetName} ${count}`,
      sentence: "Waiting for its turn",
      createdAt: now,
      queuedAt: now,
      serving: null,
    };
  }

  #queueNew(run: NewRun, entries: readonly ConfigEntry[]): string {
    const runId = this.#parts.store.runs.create(run, entries);
    this.#journal.announce(runId);
    this.#queue.add(this.#parts.store.runs.get(runId));
    return runId;
  }

  #goOn(
    run: Run,
    change: { resumeFrom: string | null; waived: Run["waived"]; entries?: readonly ConfigEntry[] },
  ): string {
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

/** @throws SiftError `findings-block` that names every class which was not waived */
function requireWaived(proof: Proof, waive: readonly string[]): Run["waived"] {
  const counts = new Map(proof.findings.map((finding) => [finding.class, finding.count]));
  const open = proof.blocking.filter((name) => !waive.includes(name));
  if (open.length > 0) {
    const list = open.map((name) => `${name} (${counts.get(name) ?? 0} rows)`).join(", ");
    throw new SiftError("findings-block", `the data has findings that stop a run: ${list}`, {
      remedy: "repair or reject the rows, or waive the class by name",
    });
  }
  return proof.blocking.map((name) => ({ class: name, count: counts.get(name) ?? 0 }));
}

async function surveyRows(
  store: Store,
  source: DataSource,
  limit: number | null,
): Promise<{ rows: number; hash: string }> {
  const hash = new DataHash();
  let rows = 0;
  for await (const page of readSource(store, source, { limit })) {
    for (const row of page) hash.add(row.hash, row.review);
    rows += page.length;
  }
  return { rows, hash: hash.digest() };
}

/** What a resumed run must have in common with its checkpoint. Rows that came tokenised have no template. */
async function comparedPins(
  start: FoundCheckpoint,
  settings: EncodeSettings,
  dataHash: string,
): Promise<Record<string, string>> {
  const pins = { data_hash: dataHash, model_hash: await modelHash(settings.modelPath) };
  if (start.manifest.pins["mask"] === "pretokenized") return pins;
  const { encoder } = openCoder(settings);
  return encoder ? { ...pins, template_hash: textHash(encoder.templateSource), mask: encoder.mask } : pins;
}

function datasetNameOf(config: RunConfig, sources: RunSources, store: Store): string {
  if (sources.train.kind === "version") return store.datasets.version(sources.train.versionId).datasetName;
  return config.train_files.map((file) => file.split(/[\\/]/).at(-1) ?? file).join(", ");
}
