import { count } from "../plural.ts";

/** What the trainer offers beyond the main fields: schedule, checks of the setup, what it does on the way. */
export const training = {
  schedule: {
    title: "Learning rate over the run",
    summary: (curve: { type: string; highest: string; last: string; warmup: string | null }) =>
      `${curve.type}: highest ${curve.highest}, last ${curve.last}${curve.warmup === null ? "" : `; warm-up ${curve.warmup} steps`}.`,
  },
  setup: {
    title: "Check this setup",
    check: "Check",
    checking: "Checking…",
    text: "Eight of your rows go through your model in every way that a run may lay them out: one by one, in batches, sorted, packed. Loss and gradients must come out the same. Nothing is trained.",
    verdicts: { same: "the same every way", rounding: "the same but for rounding", different: "they differ" },
    rows: (rows: string, tokens: string, supervised: string) =>
      `${rows} rows, ${tokens} tokens, ${supervised} of them supervised.`,
    largest: (loss: string, gradient: string, limit: string) =>
      `Largest relative difference: ${loss} in the loss, ${gradient} in the gradients (limit ${limit}).`,
    meaning: {
      rounding: "The terms of these gradients nearly cancel, which costs digits; rows do not see one another.",
      different:
        "This should not be: results would depend on how rows are batched. Please report it with the details below.",
    },
    details: (ways: number) => `${count(ways, "way", "ways")} in detail`,
    way: "Layout of the step",
    loss: "Loss",
    lossDifference: "Δ loss",
    gradientDifference: "Δ gradients",
    split: (batches: number, rows: number, sorted: boolean) =>
      `${count(batches, "batch", "batches")} of ${count(rows, "row", "rows")}${sorted ? ", by length" : ""}`,
    packed: (blocks: number, rows: number) =>
      `packed into ${count(blocks, "block", "blocks")}, up to ${count(rows, "row", "rows")} each`,
  },
  saveNow: "Save now",
  savingNow: "A checkpoint is saved after the step in progress",
  extend: {
    action: "Extend…",
    title: (name: string) => `Extend ${name}`,
    text: "The same run goes on from its last checkpoint; data, order and settings stay as they are.",
    epochs: "Passes in all",
    steps: "Steps in all",
    now: (value: string) => `It was planned with ${value}.`,
    longer: (value: string) => `Give more than ${value}.`,
    schedule: (type: string, rate: string, old: string, total: string) =>
      `The ${type} schedule is laid over ${total} steps: the next learning rate is ${rate}; on the old schedule it was ${old}.`,
    confirm: "Extend",
  },
  samples: {
    tab: "Samples",
    none: "No answers yet",
    later: "The prompts are answered after every evaluation.",
    howTo: "Give sample_prompts in the settings of a run, and its answers are shown here after every evaluation.",
    step: (step: string) => `step ${step}`,
    empty: "It ended at once, without a word.",
    noText: "The tokens could not be turned into text.",
    cut: (tokens: string) => ` … cut after ${tokens} tokens`,
  },
  samplePrompts: "One message a line.",
  paused: {
    badge: "waiting",
    title: "The run waits for space on the disk",
    text: (path: string, needed: string | null, free: string | null) =>
      `${path} is full${needed === null ? "" : `; ${needed} are needed`}${free === null ? "" : `, ${free} are free`}. It goes on by itself as soon as there is space; nothing is lost.`,
    retry: "Try again now",
  },
  skipped: {
    title: (steps: number) => `${count(steps, "step was", "steps were")} skipped`,
    text: "Loss or gradient was not a finite number. The step changed nothing; three in a row end the run.",
    step: (step: string, what: "loss" | "gradient", rows: string) => `Step ${step}: the ${what}; rows ${rows}.`,
    more: (steps: number) => `and ${count(steps, "more step", "more steps")}`,
  },
  blank: "No weights: training draws new ones from its config.json and the seed (from_scratch).",
  bestCheckpoint: "best evaluation",
};
