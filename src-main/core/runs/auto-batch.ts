import { freemem } from "node:os";
import type { Measurement } from "#shared/contract/forecast.ts";
import type { ConfigEntry } from "#shared/contract/runs.ts";

/** Steps that a pass should have at least, so that a larger batch does not leave too few updates. */
const STEPS_PER_EPOCH = 50;
const LARGEST_BATCH = 16;
/** Share of the free memory that a run may plan with. */
const USABLE = 0.8;
/** A larger micro-batch must be this much faster to be worth its memory. */
const WORTH = 1.05;

export interface BatchChoice {
  readonly batchSize: number;
  readonly accumulation: number;
}

/** Units (rows or blocks) of one step: the power of two that leaves a pass about fifty steps, 16 at most. */
export function unitsPerStep(units: number): number {
  const power = Math.floor(Math.log2(Math.max(1, units / STEPS_PER_EPOCH)));
  return Math.min(LARGEST_BATCH, 2 ** power);
}

/**
 * How a step of `perStep` units is split into micro-batches: larger ones while they are faster and fit, for the split changes no
 * result. @param one what micro-batches of one unit took; @param two of two units, undefined where a step has only one
 */
export function splitStep(
  perStep: number,
  { one, two, free }: { one: Measurement; two: Measurement | undefined; free: number },
): BatchChoice {
  let batchSize = 1;
  if (two && one.secondsPerToken / two.secondsPerToken >= WORTH) {
    const growth = Math.max(0, two.peakMemoryBytes - one.peakMemoryBytes);
    const fits = (size: number): boolean => one.peakMemoryBytes + (size - 1) * growth <= USABLE * free;
    while (perStep % (2 * batchSize) === 0 && fits(2 * batchSize)) batchSize *= 2;
  }
  return { batchSize, accumulation: perStep / batchSize };
}

interface Choosing {
  readonly entries: readonly ConfigEntry[];
  /** Of the training rows: rows, or blocks with packing. */
  readonly units: number;
  /** A few steps with micro-batches of a size. */
  readonly measure: (batchSize: number) => Promise<Measurement>;
}

/** `auto_find_batch_size`: a step's units by the amount of data, unless they were given, and their split by what was measured. */
export async function chooseBatch({ entries, units, measure }: Choosing): Promise<BatchChoice> {
  const given = entries.filter(({ key, source }) => BATCH_KEYS.some((name) => name === key) && source !== "default");
  const product = BATCH_KEYS.reduce(
    (all, name) => all * Number(entries.find(({ key }) => key === name)?.value ?? 1),
    1,
  );
  const perStep = given.length > 0 ? product : unitsPerStep(units);
  const one = await measure(1);
  const two = perStep % 2 === 0 ? await measure(2) : undefined;
  return splitStep(perStep, { one, two, free: freemem() });
}

const BATCH_KEYS = ["per_device_train_batch_size", "gradient_accumulation_steps"] as const;

/**
 * The entries with a choice in the place of the question, so that a record with them makes the same run again. The reason says
 * where the values came from.
 */
export function withBatch(entries: readonly ConfigEntry[], { batchSize, accumulation }: BatchChoice): ConfigEntry[] {
  const values: Readonly<Record<string, number | boolean>> = {
    per_device_train_batch_size: batchSize,
    gradient_accumulation_steps: accumulation,
    auto_find_batch_size: false,
  };
  const source = entries.find(({ key }) => key === "auto_find_batch_size")?.source ?? "default";
  const reason = `Chosen by auto_find_batch_size: ${batchSize * accumulation} a step, in micro-batches of ${batchSize}.`;
  return entries.map((entry) => {
    const value = values[entry.key];
    return value === undefined ? entry : { ...entry, value, source, reason };
  });
}

/** What an earlier start of the run chose; undefined where that is not known. */
export function batchOf(config: Readonly<Record<string, unknown>>): BatchChoice | undefined {
  const [batchSize, accumulation] = BATCH_KEYS.map((key) => config[key]);
  return typeof batchSize === "number" && typeof accumulation === "number" ? { batchSize, accumulation } : undefined;
}
