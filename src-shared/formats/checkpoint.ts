import * as v from "valibot";
import { CONFIG_KEYS, isConfigKey } from "../config/keys.ts";

/** Written last into a checkpoint folder and into a finished output folder: without it, they are incomplete and ignored. */
export const CHECKPOINT_MANIFEST = "sift_manifest.json";
export const CHECKPOINT_FORMAT = 1;

export const checkpointManifest = v.object({
  format: v.literal(CHECKPOINT_FORMAT),
  /** `final`: the finished model in the output folder itself. */
  kind: v.picklist(["checkpoint", "final"]),
  finetuning: v.picklist(["lora", "full", "freeze"]),
  /** Finished optimizer steps, of how many. */
  step: v.number(),
  totalSteps: v.number(),
  /** Updates among these steps, where steps were skipped; and how many of the last steps in a row were. */
  updates: v.exactOptional(v.number()),
  skippedInARow: v.exactOptional(v.array(v.array(v.number()))),
  /** Hashes and versions of what the run was made from; compared when it is resumed. */
  pins: v.record(v.string(), v.string()),
  config: v.record(v.string(), v.unknown()),
  /** States of the random streams; order and dropout are functions of seed and step. */
  random: v.object({ seed: v.number(), step: v.number() }),
  /** Counted since the last log entry, for the next one. */
  sinceLastEntry: v.object({ tokens: v.number(), supervisedTokens: v.number(), seconds: v.number() }),
  threads: v.number(),
  files: v.record(v.string(), v.object({ bytes: v.number(), sha256: v.string() })),
});
export type CheckpointManifest = v.InferOutput<typeof checkpointManifest>;

const CHECKPOINT_NAME = /^checkpoint-(\d+)$/;

export const checkpointName = (step: number): string => `checkpoint-${step}`;

/** The step in a folder's name; undefined where it is not a checkpoint's. */
export function checkpointStep(folderName: string): number | undefined {
  const match = CHECKPOINT_NAME.exec(folderName);
  return match ? Number(match[1]) : undefined;
}

/**
 * Keys that may differ between a run and its resumption: they say where it goes and how it is shown, not what a step
 * computes. Model, data and template are compared by their hashes (pins), wherever they lie.
 */
export const FREE_ON_RESUME: readonly string[] = [
  "output_dir",
  "resume_from_checkpoint",
  "overwrite_output_dir",
  "run_name",
  "project",
  "report_to",
  "log_level",
  "logging_steps",
  "eval_steps",
  "save_steps",
  "save_total_limit",
  "early_stopping_patience",
  "early_stopping_threshold",
  "load_best_model_at_end",
  "metric_for_best_model",
  "sample_prompts",
  "sample_max_new_tokens",
  "sample_temperature",
  "model_name_or_path",
  "adapter_name_or_path",
  "train_files",
  "eval_files",
  "template",
];

/** Keys that say how long a run is: it may be made longer, and goes on then. */
const LENGTH_KEYS: readonly string[] = ["num_train_epochs", "max_steps"];

/**
 * Whether a configuration makes a run longer than the one that wrote the manifest: more steps, or more passes. `unknown` where
 * one counts passes and the other steps.
 */
export function lengthChange(
  written: Pick<CheckpointManifest, "config"> & { readonly totalSteps?: number | undefined },
  wanted: Pick<CheckpointManifest, "config">,
): "same" | "longer" | "shorter" | "unknown" {
  const number = ({ config }: typeof wanted, key: string): number | null =>
    typeof config[key] === "number" ? config[key] : null;
  const compare = (before: number, now: number) => (now === before ? "same" : now > before ? "longer" : "shorter");
  const [stepsBefore, steps] = [number(written, "max_steps"), number(wanted, "max_steps")];
  if (steps !== null && (stepsBefore ?? written.totalSteps) !== undefined)
    return compare(stepsBefore ?? written.totalSteps ?? 0, steps);
  if (steps !== null || stepsBefore !== null) return "unknown";
  return compare(number(written, "num_train_epochs") ?? 0, number(wanted, "num_train_epochs") ?? 0);
}

/** Chosen when the run began, where it was to choose them: a run that goes on keeps what its checkpoint has. */
const BATCH_KEYS: readonly string[] = [
  "auto_find_batch_size",
  "per_device_train_batch_size",
  "gradient_accumulation_steps",
];

/** Names of the settings and pins in which a resumed run would differ from the one that wrote the checkpoint; versions may differ. */
export function resumeDifferences(
  written: Pick<CheckpointManifest, "config" | "pins"> & { readonly totalSteps?: number },
  wanted: Pick<CheckpointManifest, "config" | "pins">,
): string[] {
  const keys = new Set([...Object.keys(written.config), ...Object.keys(wanted.config)]);
  const free = lengthChange(written, wanted) === "shorter" ? FREE_ON_RESUME : [...FREE_ON_RESUME, ...LENGTH_KEYS];
  const chosen = wanted.config["auto_find_batch_size"] === true ? BATCH_KEYS : [];
  const settings = [...keys].filter((key) => !free.includes(key) && !chosen.includes(key));
  const changed = settings.filter((key) => !same(valueOf(written, key), valueOf(wanted, key)));
  const pinned = Object.keys(wanted.pins).filter((pin) => pin in written.pins && !/version/i.test(pin));
  const pins = pinned.filter((pin) => written.pins[pin] !== wanted.pins[pin]);
  return [
    ...changed.map((key) => `${key} (was ${text(written.config[key])}, now ${text(wanted.config[key])})`),
    ...pins.map((pin) => `${pin} (was ${text(written.pins[pin])}, now ${text(wanted.pins[pin])})`),
  ];
}

/** What was made before there was a key did what the key's default does. */
const valueOf = ({ config }: Pick<CheckpointManifest, "config">, key: string): unknown =>
  config[key] === undefined && isConfigKey(key) ? CONFIG_KEYS[key].defaultValue : config[key];
const text = (value: unknown): string => JSON.stringify(value) ?? "not set";
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
