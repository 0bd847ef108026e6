import { describe, expect, it } from "vitest";
import type { WorkerEvent } from "#shared/worker/protocol.ts";
import { RunPace } from "#main/core/runs/pace.ts";
import { pausesBetween, tokenRates } from "#main/core/runs/speed.ts";

interface Simulated {
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly config: Record<string, unknown>;
  readonly stepSeconds: (step: number) => number;
  readonly evalSeconds: number;
  readonly saveSeconds: number;
  readonly evalShare: number;
}

/** Plays a run's events on a clock of its own; after each step, what was said to be left and what really was. */
function play(run: Simulated): { step: number; told: number | null; real: number }[] {
  const pace = new RunPace(run.config);
  let now = 0;
  const send = (event: WorkerEvent): void => pace.observe(event, now * 1000);
  const every = (name: string): number => Number(run.config[name] ?? run.stepsPerEpoch);
  const told: { step: number; told: number | null; at: number }[] = [];
  const trainRows = 1000;
  send({
    type: "totals",
    totalParameters: 1,
    trainableParameters: 1,
    totalSteps: run.steps,
    stepsPerEpoch: run.stepsPerEpoch,
    startStep: 0,
    trainRows,
    evalRows: trainRows * run.evalShare,
  });
  send({ type: "phase", phase: "loading" });
  now += 3;
  send({ type: "phase", phase: "training" });
  const pause = (phase: "evaluating" | "saving", seconds: number): void => {
    send({ type: "phase", phase });
    now += seconds;
    send({ type: "phase", phase: "training" });
  };
  for (let step = 1; step <= run.steps; step += 1) {
    now += run.stepSeconds(step);
    const numbers = { loss: 1, gradNorm: 1, learningRate: 1, tokens: 1, supervisedTokens: 1, peakMemoryBytes: 1 };
    send({ type: "step", step, epoch: 1, stepSeconds: 1, ...numbers });
    told.push({ step, told: pace.secondsLeft(), at: now });
    if (run.evalShare > 0 && (step % every("eval_steps") === 0 || step === run.steps))
      pause("evaluating", run.evalSeconds);
    if (step % every("save_steps") === 0 || step === run.steps) pause("saving", run.saveSeconds);
  }
  now += run.saveSeconds;
  return told.map((entry) => ({ step: entry.step, told: entry.told, real: now - entry.at }));
}

/** Largest relative error from the first tenth to the last but one tenth. */
function worstError(run: Simulated): number {
  const points = play(run).filter(({ step }) => step >= run.steps / 10 && step <= run.steps * 0.9);
  return Math.max(...points.map(({ told, real }) => Math.abs((told ?? Infinity) - real) / real));
}

const wave = (step: number): number => 1 + 0.3 * Math.sin(step * 1.7);

describe("time left", () => {
  it.each<[string, Simulated]>([
    [
      "steps alone",
      { steps: 60, stepsPerEpoch: 60, config: {}, stepSeconds: wave, evalSeconds: 0, saveSeconds: 0.3, evalShare: 0 },
    ],
    [
      "a slow first step",
      {
        steps: 40,
        stepsPerEpoch: 20,
        config: {},
        stepSeconds: (step) => (step === 1 ? 8 : wave(step)),
        evalSeconds: 0.4,
        saveSeconds: 0.4,
        evalShare: 0.05,
      },
    ],
    [
      "an evaluation a fifth and checkpoints",
      {
        steps: 100,
        stepsPerEpoch: 100,
        config: { eval_steps: 20, save_steps: 10 },
        stepSeconds: wave,
        evalSeconds: 2,
        saveSeconds: 1,
        evalShare: 0.05,
      },
    ],
    [
      "three epochs",
      {
        steps: 90,
        stepsPerEpoch: 30,
        config: {},
        stepSeconds: wave,
        evalSeconds: 0.6,
        saveSeconds: 0.5,
        evalShare: 0.05,
      },
    ],
  ])("is within 25 %% from the first tenth on: %s", (_, run) => {
    expect(worstError(run)).toBeLessThan(0.25);
  });

  it("cannot be told before the first step", () => {
    expect(new RunPace({}).secondsLeft()).toBeNull();
  });

  it("counts the pauses to come", () => {
    expect(pausesBetween(0, 10, 3)).toBe(4); // 3, 6, 9 and the last step
    expect(pausesBetween(9, 12, 3)).toBe(1);
    expect(pausesBetween(5, 5, 3)).toBe(0);
    expect(pausesBetween(0, 10, null)).toBe(1);
  });
});

describe("speed", () => {
  it("counts real and supervised tokens a second", () => {
    const rates = tokenRates({ tokens: 300, supervisedTokens: 60, seconds: 2 });
    expect(rates).toEqual({ tokensPerSecond: 150, supervisedTokensPerSecond: 30 });
    expect(tokenRates({ tokens: 0, supervisedTokens: 0, seconds: 0 }).tokensPerSecond).toBeNull();
  });
});
