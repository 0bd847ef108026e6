import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { resolveConfig, type ConfigLayer, type ResolveContext, type ResolvedConfig } from "#shared/config/index.ts";
import type { RunConfig } from "#shared/config/index.ts";
import { SiftError } from "#shared/errors.ts";
import { readAdapterConfig } from "#shared/formats/adapter-config.ts";
import type { DataSource, RunSources } from "../data/source.ts";
import type { ModelService } from "../models/service.ts";
import { parseJsonFile } from "../models/weights.ts";
import type { Store } from "../store/index.ts";

/** Resolves layers with what only core knows: files, adapters, the number of rows. */
export function resolveLayers(layers: readonly ConfigLayer[], rows?: number): ResolvedConfig {
  const context: ResolveContext = {
    resolvePath: resolve,
    exists: existsSync,
    ...(rows === undefined ? {} : { rows }),
  };
  const plain = resolveConfig(layers, context);
  const adapter = plain.entries.find((entry) => entry.key === "adapter_name_or_path")?.value;
  return typeof adapter === "string" ? resolveConfig(layers, { ...context, adapter: adapterDefaults(adapter) }) : plain;
}

/** @throws SiftError for a folder that holds no LoRA adapter */
function adapterDefaults(folder: string): NonNullable<ResolveContext["adapter"]> {
  const file = join(folder, "adapter_config.json");
  if (!existsSync(file)) {
    throw new SiftError("adapter-missing", "the folder holds no adapter_config.json", {
      where: { file: folder, what: "adapter_name_or_path" },
      remedy: "name a folder that PEFT or Sift saved an adapter in",
    });
  }
  const { r, alpha, dropout, targetModules, rslora, dora, modulesToSave } = readAdapterConfig(
    parseJsonFile(file),
    file,
  );
  return {
    lora_r: r,
    lora_alpha: alpha,
    lora_dropout: dropout,
    target_modules: targetModules,
    use_rslora: rslora,
    use_dora: dora,
    modules_to_save: modulesToSave,
  };
}

/** The model folder that a configuration names: a folder, or a name among the models on this machine. @throws SiftError `model-unknown` */
export function modelFolder(config: Pick<RunConfig, "model_name_or_path">, models: ModelService): string {
  const name = config.model_name_or_path;
  if (existsSync(name)) return resolve(name);
  const known = models.list();
  const found = known.find((model) => model.name === name) ?? known.find((model) => model.name.endsWith(`/${name}`));
  if (found) return found.path;
  throw new SiftError(
    "model-unknown",
    `there is no folder ${name}, and no model of that name in this machine's caches`,
    {
      where: { what: "model_name_or_path", file: name },
      remedy:
        known.length > 0
          ? `found here: ${known
              .map((model) => model.name)
              .slice(0, 8)
              .join(", ")}`
          : "name a model folder",
    },
  );
}

/** Rows of a configuration: files where they lie, else data sets by name. @throws SiftError `data-unknown` */
export function sourcesOf(config: Pick<RunConfig, "train_files" | "eval_files">, store: Store): RunSources {
  const train = sourceOf(config.train_files, { key: "train_files", store });
  const evaluation = config.eval_files.length > 0 ? sourceOf(config.eval_files, { key: "eval_files", store }) : null;
  return { train, evaluation };
}

function sourceOf(names: readonly string[], { key, store }: { key: string; store: Store }): DataSource {
  const [name] = names;
  const dataset = names.length === 1 ? store.datasets.list().find((entry) => entry.name === name) : undefined;
  if (dataset && !(name !== undefined && existsSync(name))) return { kind: "version", versionId: dataset.version.id };
  const missing = names.find((file) => !existsSync(file));
  if (missing === undefined) return { kind: "files", files: names };
  throw new SiftError("data-unknown", `there is no file ${missing}, and no data set of that name`, {
    where: { what: key, file: missing },
    remedy: "name a .jsonl or .json file, or a data set that was imported",
  });
}
