import { existsSync } from "node:fs";
import { SiftError } from "#shared/errors.ts";
import { resourcePath } from "../entries.ts";
import type { DatasetService } from "./data/datasets.ts";
import { sampleModelFolder } from "./models/service.ts";
import type { Store } from "./store/index.ts";
import type { JobRunner } from "./system/jobs.ts";

/** Name of the sample's dataset; the key by which it is found again. */
const SAMPLE_NAME = "Sample conversations";

/** The project that a first start opens: conversations and a tiny model that ship with the program. */
export class SampleService {
  readonly #store: Store;
  readonly #jobs: JobRunner;
  readonly #datasets: DatasetService;
  #opening: Promise<string> | undefined;

  constructor(parts: { store: Store; jobs: JobRunner; datasets: DatasetService }) {
    this.#store = parts.store;
    this.#jobs = parts.jobs;
    this.#datasets = parts.datasets;
  }

  /** Imports the conversations where that has not happened yet. @throws SiftError `sample-missing` */
  async open(): Promise<{ datasetId: string; versionId: string; modelPath: string; template: string }> {
    const file = resourcePath("sample", "conversations.jsonl");
    if (!existsSync(file))
      throw new SiftError("sample-missing", "this installation has no sample", { where: { file } });
    const datasetId = this.#existing() ?? (await this.#import(file));
    const versionId = this.#store.datasets.get(datasetId).version.id;
    return { datasetId, versionId, modelPath: sampleModelFolder(), template: "own" };
  }

  #existing(): string | undefined {
    return this.#store.datasets.list().find((dataset) => dataset.name === SAMPLE_NAME)?.id;
  }

  /** Two windows that ask at once get the same import. */
  #import(file: string): Promise<string> {
    this.#opening ??= this.#importOnce(file).finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #importOnce(file: string): Promise<string> {
    const job = await this.#jobs.finished(this.#datasets.startImport({ files: [file], name: SAMPLE_NAME }));
    if (job.resultId !== null) return job.resultId;
    throw new SiftError(job.error?.code ?? "sample", job.error?.message ?? "the sample could not be imported");
  }
}
