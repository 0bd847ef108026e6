import { mkdirSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { NO_WEIGHTS, type AddedTokens, type ModelEntry } from "#shared/contract/models.ts";
import { SiftError } from "#shared/errors.ts";
import { resourcePath } from "../../entries.ts";
import type { Store } from "../store/index.ts";
import { freeFolder } from "../system/free-folder.ts";
import { fromReport } from "../system/reports.ts";
import type { EventHub } from "../system/events.ts";
import { cachedModels } from "./caches.ts";
import { readModelConfig } from "./config.ts";
import { addTokens } from "./extend.ts";
import { blankProblem, inspectModel } from "./inspect.ts";
import { weightFiles } from "./weights.ts";

export const sampleModelFolder = (): string => resourcePath("sample", "model");

/** A config.json of a known family without weights can still be trained from scratch. @throws SiftError of the weights */
function requireWeightsOrBlank(path: string): void {
  try {
    weightFiles(path);
  } catch (error) {
    const isBlank = error instanceof SiftError && error.code === NO_WEIGHTS && blankProblem(path) === null;
    if (!isBlank) throw error;
  }
}

/** Models on this machine: the sample, folders that were added, and the caches of other tools. */
export class ModelService {
  readonly #store: Store;
  readonly #events: EventHub;
  readonly #clock: () => number;
  readonly #home: string;
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(parts: {
    store: Store;
    events: EventHub;
    clock: () => number;
    env: Readonly<Record<string, string | undefined>>;
    /** The data home: copies of models lie there. */
    home: string;
  }) {
    this.#store = parts.store;
    this.#events = parts.events;
    this.#clock = parts.clock;
    this.#env = parts.env;
    this.#home = parts.home;
  }

  list(): ModelEntry[] {
    const sample = inspectModel(sampleModelFolder(), "sample", "sample");
    return [
      ...(sample.bytes > 0 ? [sample] : []),
      ...this.#store.models.list().map((path) => inspectModel(path, "folder")),
      ...cachedModels(this.#env).map(({ path, source, name }) => inspectModel(path, source, name)),
    ];
  }

  /** A folder under the name by which the list shows it. */
  inspect(path: string): ModelEntry {
    const folder = resolve(path);
    if (folder === sampleModelFolder()) return inspectModel(folder, "sample", "sample");
    const cached = cachedModels(this.#env).find((model) => model.path === folder);
    return cached ? inspectModel(folder, cached.source, cached.name) : inspectModel(folder, "folder");
  }

  /**
   * @param needs `weights: false` for a model that starts from its config.json alone
   * @throws SiftError when the folder cannot be trained, with the reason
   */
  requireTrainable(path: string, { weights }: { weights: boolean } = { weights: true }): ModelEntry {
    const found = this.inspect(path);
    const entry = weights ? found : { ...found, problem: blankProblem(found.path) };
    if (entry.problem) throw fromReport(entry.problem);
    return entry;
  }

  /** Remembers a folder. One whose model cannot be trained is remembered with its problem; one that is no model is refused. */
  add(path: string): ModelEntry {
    readModelConfig(path);
    requireWeightsOrBlank(path);
    const folder = realpathSync(resolve(path));
    this.#store.models.add(folder, this.#clock());
    this.#events.emit({ type: "models" });
    return inspectModel(folder, "folder");
  }

  /** A copy with more special tokens, which is listed like a folder that was added. @throws SiftError of models/extend.ts */
  async addTokens(path: string, tokens: readonly string[], signal?: AbortSignal): Promise<AddedTokens> {
    const parent = join(this.#home, "models");
    mkdirSync(parent, { recursive: true });
    const target = freeFolder(parent, `${this.inspect(path).name.split("/").at(-1) ?? "model"}-with-tokens`);
    const made = await addTokens({ modelPath: path, tokens, target }, signal);
    this.add(made.path);
    return made;
  }

  forget(path: string): void {
    this.#store.models.forget(resolve(path));
    this.#events.emit({ type: "models" });
  }
}
