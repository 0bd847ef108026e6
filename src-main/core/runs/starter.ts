import { join } from "node:path";
import {
  requireConfig,
  type ConfigLayer,
  type ConfigProblem,
  type ResolvedConfig,
  type RunConfig,
} from "#shared/config/index.ts";
import type { ConfigEntry, PlanPreview } from "#shared/contract/runs.ts";
import type { EncodeSettings, Proof } from "#shared/contract/text.ts";
import type { Waiver } from "#shared/contract/waivers.ts";
import type { SetupCheck } from "#shared/contract/setup.ts";
import { SiftError } from "#shared/errors.ts";
import type { DataHashes } from "../data/data-hash.ts";
import { DataHash } from "../data/hash.ts";
import { readSource, type DataSource, type RunSources } from "../data/source.ts";
import { departureText } from "../text/departures.ts";
import { untrainedRows } from "../models/extend.ts";
import { modelHash } from "../models/hash.ts";
import type { ModelService } from "../models/service.ts";
import type { NewRun, Run } from "../store/runs.ts";
import type { Store } from "../store/index.ts";
import type { HomePaths } from "../system/home.ts";
import { maskText } from "#shared/text/index.ts";
import { openCoder, settingsHash } from "../text/encoding.ts";
import { textHash } from "../text/report.ts";
import { waiversOf } from "../text/waivers.ts";
import { resolveDraft, type Draft, type DraftContext } from "./draft.ts";
import { batchOf, withBatch } from "./auto-batch.ts";
import { hasEnded } from "./journal.ts";
import { chooseStart, requireSameRun, type FoundCheckpoint } from "./output-dir.ts";
import type { PlannedDraft, Planner } from "./planner.ts";
import { modelFolder, resolveLayers, sourcesOf } from "./resolve.ts";
import { encodeSettingsOf, templateChoiceOf } from "./settings.ts";
import { checkSetup } from "./setup-check.ts";

export type StartRequest = Draft & { proofId: string; name?: string | undefined; waive: readonly string[] };

/** How a run that goes on differs from what it was. */
export interface Continuation {
  readonly resumeFrom: string | null;
  readonly waived: Run["waived"];
  /** A configuration that says the same but for the keys that may change. */
  readonly entries?: readonly ConfigEntry[];
}

interface Parts {
  readonly store: Store;
  readonly clock: () => number;
  readonly paths: HomePaths;
  readonly hashes: DataHashes;
  readonly models: ModelService;
  readonly planner: Planner;
  /** @returns the id of the queued run */
  readonly queueNew: (run: NewRun, entries: readonly ConfigEntry[]) => string;
  readonly goOn: (run: Run, change: Continuation) => string;
}

/** From what a person asked for (a form, a configuration) to a queued run, or to the reason why there is none. */
export class RunStarter {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async plan(draft: Draft): Promise<PlanPreview> {
    const context = await this.#draftContext(draft.versionId);
    const resolved = resolveDraft(draft, context);
    const { config } = resolved;
    const untrained = config && untrainedRows(draft.modelPath, config);
    if (untrained) return this.#parts.planner.preview(withProblem(resolved, untrained), context.rows, null);
    return this.#parts.planner.preview(resolved, context.rows, config && plannedDraft(draft, config));
  }

  /** @throws SiftError `bad-config`, `run-active`, those of `measureRun` */
  async measure(draft: Draft, signal?: AbortSignal): Promise<void> {
    const resolved = resolveDraft(draft, await this.#draftContext(draft.versionId));
    const config = requireConfig(resolved);
    this.#parts.models.requireTrainable(draft.modelPath, { weights: !config.from_scratch });
    await this.#parts.planner.measure(plannedDraft(draft, config), signal);
  }

  /** @throws SiftError `bad-config`, `setup-rows`, those of the model */
  async checkSetup(draft: Draft, signal?: AbortSignal): Promise<SetupCheck> {
    const { store, models, paths } = this.#parts;
    const config = requireConfig(resolveDraft(draft, await this.#draftContext(draft.versionId)));
    const { path: modelPath } = models.requireTrainable(draft.modelPath, { weights: !config.from_scratch });
    const settings = encodeSettingsOf(config, draft);
    const { versionId } = draft;
    return checkSetup({ store, cache: paths.cache, versionId, config, settings, modelPath }, signal);
  }

  /** @throws SiftError `bad-config`, `proof-outdated`, `findings-block`, those of the model and of the output folder */
  async start(request: StartRequest): Promise<string> {
    const { hashes } = this.#parts;
    const context = await this.#draftContext(request.versionId);
    const resolved = resolveDraft(request, context);
    const config = requireConfig(resolved);
    const model = this.#parts.models.requireTrainable(request.modelPath, { weights: !config.from_scratch });
    requireTrainedRows(model.path, config);
    const settings = encodeSettingsOf(config, request);
    const { hash: dataHash } = await hashes.of(request.versionId);
    const proof = this.#requireProof(request.proofId, { versionId: request.versionId, settings, dataHash });
    const waived = requireWaived(proof, { named: request.waive, stored: waiversOf(this.#parts.store, proof) });
    const forecast = await this.#parts.planner.forecast(plannedDraft(request, config), proof);
    const runId = this.#parts.queueNew(
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
    if (forecast) this.#parts.store.forecasts.putOfRun(runId, forecast);
    return runId;
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
    const model = models.requireTrainable(modelFolder(config, models), { weights: !config.from_scratch });
    requireTrainedRows(model.path, config);
    const template = templateChoiceOf(config);
    const settings = encodeSettingsOf(config, { template, modelPath: model.path });
    const start = this.#chooseStart(config);
    if (start)
      requireSameRun(start, {
        config: { ...config },
        pins: await comparedPins(start, { settings, config, dataHash: data.hash }),
      });
    const waived = [
      ...waive.map((name) => ({ class: name, count: 0 })),
      ...storedWaivers(store, sources.train, settings).filter((each) => !waive.includes(each.class)),
    ];
    const resumeFrom = start?.path ?? null;
    const earlier = start ? this.#earlierRun(config.output_dir) : undefined;
    const notices = [...resolved.notices, ...departureNotices(settings)];
    const chosen = start && config.auto_find_batch_size ? batchOf(start.manifest.config) : undefined;
    const entries = chosen ? withBatch(resolved.entries, chosen) : resolved.entries;
    if (earlier) return { runId: this.#parts.goOn(earlier, { resumeFrom, waived, entries }), notices };
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
    return { runId: this.#parts.queueNew(run, entries), notices };
  }

  async #draftContext(versionId: string): Promise<DraftContext> {
    const { store, hashes, paths } = this.#parts;
    const { datasetName } = store.datasets.version(versionId);
    const { rows } = await hashes.of(versionId);
    return { datasetName, rows, runsFolder: paths.runs, templatesFolder: join(paths.home, "templates") };
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
      config: { ...config },
    });
    if (start) requireSameRun(start, { config: { ...config }, pins: {} });
    return start;
  }

  #earlierRun(outputDir: string): Run | undefined {
    const runs = this.#parts.store.runs.list();
    return runs.find((run) => run.outputDir === outputDir && hasEnded(run.state));
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
}

const plannedDraft = (draft: Draft, config: RunConfig): PlannedDraft => {
  const { versionId, modelPath } = draft;
  return { versionId, modelPath, config, settings: encodeSettingsOf(config, draft) };
};

/** @throws SiftError `findings-block` that names every class which was not waived */
function requireWaived(
  proof: Proof,
  { named, stored }: { named: readonly string[]; stored: readonly Waiver[] },
): Run["waived"] {
  const counts = new Map(proof.findings.map((finding) => [finding.class, finding.count]));
  const reasons = new Map(
    stored.filter(({ voidBecause }) => voidBecause === null).map((each) => [each.class, each.reason]),
  );
  const open = proof.blocking.filter((name) => !named.includes(name) && !reasons.has(name));
  if (open.length > 0) {
    const list = open.map((name) => `${name} (${counts.get(name) ?? 0} rows)`).join(", ");
    throw new SiftError("findings-block", `the data has findings that stop a run: ${list}`, {
      remedy: "repair or reject the rows, or waive the class by name",
    });
  }
  return proof.blocking.map((name) => {
    const reason = reasons.get(name);
    return { class: name, count: counts.get(name) ?? 0, ...(reason === undefined ? {} : { reason }) };
  });
}

/** What was accepted of a version under these settings, with the counts that were accepted: encoding the rows holds them to it. */
function storedWaivers(store: Store, source: DataSource, settings: EncodeSettings): Run["waived"] {
  if (source.kind !== "version") return [];
  const hash = settingsHash(settings);
  return store.waivers
    .list(source.versionId)
    .filter((each) => each.settingsHash === hash)
    .map(({ class: name, count, reason }) => ({ class: name, count, reason }));
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
  now: { settings: EncodeSettings; config: RunConfig; dataHash: string },
): Promise<Record<string, string>> {
  const { settings, config, dataHash } = now;
  const model_hash = await modelHash(settings.modelPath, { weights: !config.from_scratch });
  const pins = { data_hash: dataHash, model_hash };
  if (start.manifest.pins["mask"] === "pretokenized") return pins;
  const { encoder } = openCoder(settings);
  return encoder
    ? { ...pins, template_hash: textHash(encoder.templateSource), mask: maskText(encoder.mask, encoder.maskOptions) }
    : pins;
}

function datasetNameOf(config: RunConfig, sources: RunSources, store: Store): string {
  if (sources.train.kind === "version") return store.datasets.version(sources.train.versionId).datasetName;
  return config.train_files.map((file) => file.split(/[\\/]/).at(-1) ?? file).join(", ");
}

/** @throws SiftError `tokens-untrained` */
function requireTrainedRows(modelPath: string, config: RunConfig): void {
  const problem = untrainedRows(modelPath, config);
  if (problem) throw problem;
}

function withProblem(resolved: ResolvedConfig, { message, remedy = "" }: SiftError): ResolvedConfig {
  return { ...resolved, config: null, problems: [...resolved.problems, { key: "modules_to_save", message, remedy }] };
}

/** Where the template is not the model's own; what is wrong with either is told when rows are encoded. */
function departureNotices(settings: EncodeSettings): ConfigProblem[] {
  const message = departureText(settings);
  return message === undefined ? [] : [{ key: "template", message, remedy: "template: own" }];
}
