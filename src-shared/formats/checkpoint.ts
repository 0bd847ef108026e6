import * as v from "valibot";

/** Written last into a checkpoint folder and into a finished output folder: without it, they are incomplete and ignored. */
export const CHECKPOINT_MANIFEST = "sift_manifest.json";
export const CHECKPOINT_FORMAT = 1;

export const checkpointManifest = v.object({
  format: v.literal(CHECKPOINT_FORMAT),
  /** `final`: the finished model in the output folder itself. */
  kind: v.picklist(["checkpoint", "final"]),
  finetuning: v.picklist(["lora", "full"]),
  /** Finished optimizer steps, of how many. */
  step: v.number(),
  totalSteps: v.number(),
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
  "model_name_or_path",
  "adapter_name_or_path",
  "train_files",
  "eval_files",
  "template",
];

/** Names of the settings and pins in which a resumed run would differ from the one that wrote the checkpoint; versions may differ. */
export function resumeDifferences(
  written: Pick<CheckpointManifest, "config" | "pins">,
  wanted: Pick<CheckpointManifest, "config" | "pins">,
): string[] {
  const keys = new Set([...Object.keys(written.config), ...Object.keys(wanted.config)]);
  const settings = [...keys].filter((key) => !FREE_ON_RESUME.includes(key));
  const changed = settings.filter((key) => !same(written.config[key], wanted.config[key]));
  const pinned = Object.keys(wanted.pins).filter((pin) => pin in written.pins && !/version/i.test(pin));
  const pins = pinned.filter((pin) => written.pins[pin] !== wanted.pins[pin]);
  return [
    ...changed.map((key) => `${key} (was ${text(written.config[key])}, now ${text(wanted.config[key])})`),
    ...pins.map((pin) => `${pin} (was ${text(written.pins[pin])}, now ${text(wanted.pins[pin])})`),
  ];
}

const text = (value: unknown): string => JSON.stringify(value) ?? "not set";
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
