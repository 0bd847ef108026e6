import type { RunEvent } from "#shared/contract/runs.ts";
import type { StepMetrics } from "#shared/worker/protocol.ts";
import type { Output } from "./output.ts";
import { bar, duration, ProgressLine } from "./progress.ts";

type Told = Extract<RunEvent["event"], { type: "skipped" | "paused" | "continued" | "sample" }>;

/** What happened on the way, in a line. */
function eventText(event: Told): string {
  switch (event.type) {
    case "skipped":
      return `step ${event.step}: skipped, its ${event.what} is no finite number; rows ${event.rows.join(", ")}`;
    case "paused":
      return `step ${event.step}: waiting for space on the disk of ${event.path}`;
    case "continued":
      return `step ${event.step}: going on`;
    case "sample":
      return `step ${event.step}: prompt ${event.prompt + 1}: ${JSON.stringify(event.text ?? event.ids)}`;
  }
}

/** Shows a run on stderr: a bar where a person looks at it, a line a logged step elsewhere. */
export class TrainingProgress {
  readonly #output: Output;
  readonly #line = new ProgressLine();
  readonly #live = process.stderr.isTTY;
  readonly #from: number;
  #totalSteps = 0;
  #tokens = 0;
  #supervised = 0;
  #seconds = 0;
  #steps = 0;
  #evalLoss: number | undefined;

  /** @param from milliseconds since the epoch: what happened before, in an earlier start of a resumed run, is not printed. */
  constructor(output: Output, from: number) {
    this.#output = output;
    this.#from = from;
  }

  show({ event, time }: RunEvent): void {
    const fresh = time >= this.#from;
    switch (event.type) {
      case "totals":
        this.#totalSteps = event.totalSteps;
        if (fresh)
          this.#say(
            `${event.trainRows} rows, ${event.totalSteps} steps, ${event.trainableParameters} of ${event.totalParameters} parameters are trained`,
          );
        return;
      case "step":
        return fresh ? this.#step(event) : undefined;
      case "evaluation":
        this.#evalLoss = event.evalLoss;
        return fresh ? this.#say(`step ${event.step}: eval_loss ${event.evalLoss.toFixed(4)}`) : undefined;
      case "skipped":
      case "paused":
      case "continued":
      case "sample":
        return fresh ? this.#say(eventText(event)) : undefined;
      case "checkpoint":
        return fresh ? this.#say(`step ${event.step}: saved ${event.path}`) : undefined;
      case "state":
      case "log":
        return this.#words(event);
      default:
        return;
    }
  }

  end(): void {
    this.#line.clear();
  }

  #words(event: Extract<RunEvent["event"], { type: "state" | "log" }>): void {
    if (event.type === "state") this.#line.draw(event.sentence);
    else if (event.level === "warning" || event.level === "error") this.#say(`${event.level}: ${event.message}`);
  }

  #step(step: StepMetrics): void {
    this.#tokens += step.tokens;
    this.#supervised += step.supervisedTokens;
    this.#seconds += step.stepSeconds;
    this.#steps++;
    const numbers = `loss ${step.loss.toFixed(4)}  lr ${step.learningRate.toExponential(2)}  ${this.#speed()}`;
    if (!this.#live) return this.#say(`step ${step.step}/${this.#totalSteps}  ${numbers}`);
    const share = this.#totalSteps === 0 ? 0 : step.step / this.#totalSteps;
    const left = ((this.#totalSteps - step.step) * this.#seconds) / this.#steps;
    const evaluated = this.#evalLoss === undefined ? "" : `  eval ${this.#evalLoss.toFixed(4)}`;
    this.#line.draw(`${bar(share)} ${step.step}/${this.#totalSteps}  ${numbers}${evaluated}  ${duration(left)} left`);
  }

  /** Real tokens and, of them, supervised ones, a second of training. */
  #speed(): string {
    const rate = (count: number) => Math.round(count / Math.max(this.#seconds, 1e-9));
    return `${rate(this.#tokens)} tokens/s (${rate(this.#supervised)} supervised)`;
  }

  #say(text: string): void {
    this.#line.clear();
    this.#output.notice(text);
  }
}
