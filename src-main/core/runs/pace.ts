import type { TrainJob, WorkerEvent } from "#shared/worker/protocol.ts";
import { pausesBetween, secondsLeft } from "./speed.ts";

/** Evaluation computes the forward pass only: about a third of a step's work a token. */
const FORWARD_SHARE = 1 / 3;
/** A checkpoint before any has been measured: flushed and hashed at some 200 MB/s. */
export const saveSeconds = (bytes: number): number => 0.05 + bytes / 200e6;
/** Float32 weights and two moments. */
const CHECKPOINT_BYTES_PER_PARAMETER = 12;

type Phase = Extract<WorkerEvent, { type: "phase" }>["phase"];
const everyOf = (value: unknown): number | null => (typeof value === "number" && value > 0 ? value : null);

/** Watches a run's events and measures what its steps, evaluations and checkpoints cost by the wall clock. */
export class RunPace {
  readonly #evalSteps: number | null;
  readonly #saveSteps: number | null;
  #step = 0;
  #totalSteps = 0;
  #stepsPerEpoch = 1;
  #rowShare = 0;
  #saveGuess = saveSeconds(0);
  #phase: Phase | undefined;
  #since = 0;
  readonly #stepSeconds: number[] = [];
  readonly #evaluations: number[] = [];
  readonly #saves: number[] = [];

  constructor(config: TrainJob["config"]) {
    this.#evalSteps = everyOf(config["eval_steps"]);
    this.#saveSteps = everyOf(config["save_steps"]);
  }

  /** @param time when the worker sent it, milliseconds */
  observe(event: WorkerEvent, time: number): void {
    if (event.type === "totals") {
      this.#step = event.startStep;
      this.#totalSteps = event.totalSteps;
      this.#stepsPerEpoch = event.stepsPerEpoch;
      this.#saveGuess = saveSeconds(event.trainableParameters * CHECKPOINT_BYTES_PER_PARAMETER);
      this.#rowShare = event.trainRows > 0 ? event.evalRows / event.trainRows : 0;
    }
    if (event.type === "phase") this.#enter(event.phase, time);
    if (event.type === "step") {
      this.#stepSeconds.push((time - this.#since) / 1000);
      this.#since = time;
      this.#step = event.step;
    }
  }

  /** Null before the first step of this start. */
  secondsLeft(): number | null {
    const pauses = (every: number | null): number =>
      pausesBetween(this.#step, this.#totalSteps, every ?? this.#stepsPerEpoch);
    const mean = this.#stepSeconds.reduce((sum, seconds) => sum + seconds, 0) / this.#stepSeconds.length;
    return secondsLeft({
      stepSeconds: this.#stepSeconds,
      remainingSteps: this.#totalSteps - this.#step,
      evaluations: {
        seconds: this.#evaluations,
        remaining: this.#rowShare > 0 ? pauses(this.#evalSteps) : 0,
        guessSeconds: this.#rowShare * this.#stepsPerEpoch * mean * FORWARD_SHARE,
      },
      // the finished model is one more
      saves: { seconds: this.#saves, remaining: pauses(this.#saveSteps) + 1, guessSeconds: this.#saveGuess },
    });
  }

  #enter(phase: Phase, time: number): void {
    const seconds = (time - this.#since) / 1000;
    if (this.#phase === "evaluating") this.#evaluations.push(seconds);
    if (this.#phase === "saving") this.#saves.push(seconds);
    this.#phase = phase;
    this.#since = time;
  }
}
