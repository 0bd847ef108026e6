import * as v from "valibot";

/** Names of `lr_scheduler_type`, as in transformers. */
export const SCHEDULER_TYPES = [
  "constant",
  "constant_with_warmup",
  "linear",
  "cosine",
  "cosine_with_min_lr",
  "warmup_stable_decay",
] as const;
export type SchedulerType = (typeof SCHEDULER_TYPES)[number];

const SHAPES = ["linear", "cosine", "1-sqrt"] as const;
export type RampShape = (typeof SHAPES)[number];

const positive = v.pipe(v.number(), v.gtValue(0));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const steps = v.pipe(v.number(), v.integer(), v.minValue(0));

/** `lr_scheduler_kwargs`: every option of the schedules above, by transformers' names. */
const scheduleOptions = v.strictObject({
  /** Waves of the cosine; 0.5 falls once. */
  num_cycles: v.exactOptional(positive),
  /** Where the cosine ends: a rate, or a share of `learning_rate`. */
  min_lr: v.exactOptional(v.pipe(v.number(), v.minValue(0))),
  min_lr_rate: v.exactOptional(share),
  num_decay_steps: v.exactOptional(steps),
  num_stable_steps: v.exactOptional(steps),
  warmup_type: v.exactOptional(v.picklist(SHAPES)),
  decay_type: v.exactOptional(v.picklist(SHAPES)),
  min_lr_ratio: v.exactOptional(share),
});
export type ScheduleOptions = v.InferOutput<typeof scheduleOptions>;
type OptionName = keyof ScheduleOptions;

/** Options that a schedule reads. */
export const OPTIONS_OF: Readonly<Record<SchedulerType, readonly OptionName[]>> = {
  constant: [],
  constant_with_warmup: [],
  linear: [],
  cosine: ["num_cycles"],
  cosine_with_min_lr: ["min_lr", "min_lr_rate", "num_cycles"],
  warmup_stable_decay: [
    "num_decay_steps",
    "num_stable_steps",
    "warmup_type",
    "decay_type",
    "min_lr_ratio",
    "num_cycles",
  ],
};

/** What is taken where the options are not given: a cosine with a floor needs one. */
export const DEFAULT_OPTIONS: Readonly<Partial<Record<SchedulerType, string>>> = {
  cosine_with_min_lr: '{"min_lr_rate":0.1}',
};

/** The options of `lr_scheduler_kwargs` (JSON text, null for none); undefined where they are not valid. */
export function readScheduleOptions(text: string | null): ScheduleOptions | undefined {
  if (text === null) return {};
  const parsed = v.safeParse(scheduleOptions, parseJson(text));
  return parsed.success ? parsed.output : undefined;
}

/** A mapping, JSON text or `name: value, …` as JSON text; anything else unchanged. */
export function normalScheduleOptions(raw: unknown): unknown {
  if (typeof raw === "object" && raw !== null && !Array.isArray(raw)) return JSON.stringify(raw);
  if (typeof raw !== "string") return raw;
  const object = parseJson(raw) ?? parsePairs(raw);
  return object === undefined ? raw : JSON.stringify(object);
}

/** Names in the text that this schedule does not read, and what it still needs, in words. */
export function scheduleOptionsProblem(type: SchedulerType, text: string | null): string | undefined {
  const options = readScheduleOptions(text);
  if (!options) return undefined; // the key's own check says so
  const foreign = Object.keys(options).filter((name) => !OPTIONS_OF[type].some((known) => known === name));
  if (foreign.length > 0) return `lr_scheduler_type: ${type} does not take ${foreign.join(", ")}`;
  if (type !== "cosine_with_min_lr") return undefined;
  const given = [options.min_lr, options.min_lr_rate].filter((value) => value !== undefined).length;
  return given === 1 ? undefined : `cosine_with_min_lr takes one of min_lr and min_lr_rate, ${given} are given`;
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `min_lr_rate: 0.1, decay_type: linear`, in braces or not, with `:` or `=`. */
function parsePairs(text: string): Record<string, unknown> | undefined {
  const inner = text.trim().replace(/^\{([\s\S]*)\}$/, "$1");
  const entries = inner.split(",").map((part) => /^\s*["']?(\w+)["']?\s*[:=]\s*["']?([\w.+-]+)["']?\s*$/.exec(part));
  if (!entries.every((entry) => entry !== null)) return undefined;
  return Object.fromEntries(entries.map(([, name = "", value = ""]) => [name, numberOr(value)]));
}

const numberOr = (text: string): unknown => (Number.isFinite(Number(text)) ? Number(text) : text);
