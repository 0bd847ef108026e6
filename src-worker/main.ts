import { SiftError, toErrorReport } from "#shared/errors.ts";
import type {
  CoreMessage,
  ExtendJob,
  GenerateRequest,
  LayoutJob,
  TrainJob,
  WorkerEvent,
} from "#shared/worker/protocol.ts";
import { Channel } from "./channel.ts";
import { ChatSession } from "./generate/session.ts";
import { extendWeights } from "./models/extend.ts";
import { runLayoutJob } from "./train/layout-check.ts";
import { runSetupCheck } from "./train/setup-check.ts";
import { runMeasureJob } from "./train/measure.ts";
import { runTrainJob } from "./train/job.ts";
import { RunControl } from "./train/control.ts";
import { describeFailure } from "./failure.ts";

/** How the process ends; core goes by the events, a terminal by these. */
export const EXIT = { done: 0, failed: 1, badMessage: 2, channelLost: 3, stopped: 130 } as const;

/** The worker process: one job, told over IPC, in a process of its own so that a native crash costs one run at most. */
class Worker {
  readonly #channel = new Channel();
  readonly #control = new RunControl();
  #busy = false;
  #training = false;
  #chat: ChatSession | undefined;

  start(): void {
    process.on("SIGINT", () => undefined); // Ctrl+C reaches the whole process group; core decides what it means
    process.on("SIGTERM", () => this.#terminate());
    process.on("uncaughtException", (error) => void this.#fail(error, EXIT.failed));
    process.on("unhandledRejection", (error) => void this.#fail(error, EXIT.failed));
    process.on("disconnect", () => process.exit(EXIT.channelLost));
    this.#channel.listen(
      (message) => this.#handle(message),
      (error) => void this.#fail(error, EXIT.badMessage),
    );
    this.#channel.startHeartbeat();
  }

  #handle(message: CoreMessage): void {
    switch (message.type) {
      case "job":
        return this.#startJob(message.job);
      case "stop":
        return this.#control.stop(message.mode);
      case "save":
        return this.#control.save();
      case "pause":
        return this.#control.pause();
      case "resume":
        return this.#control.resume();
      case "generate":
        return this.#generate(message);
      case "cancel-generate":
        return this.#chat?.cancel(message.requestId);
      case "shutdown":
        return void this.#end(EXIT.done);
      case "ack":
        return;
    }
  }

  #startJob(job: Extract<CoreMessage, { type: "job" }>["job"]): void {
    if (this.#busy) return void this.#fail(new SiftError("busy", "this worker has a job already"), EXIT.badMessage);
    this.#busy = true;
    void this.#run(job).catch((error: unknown) => this.#fail(error, EXIT.failed));
  }

  async #run(job: Extract<CoreMessage, { type: "job" }>["job"]): Promise<void> {
    if (job.kind === "train") return this.#train(job);
    if (job.kind === "layout") return this.#answer(this.#checkLayout(job));
    if (job.kind === "measure") return this.#answer(runMeasureJob(job, (event) => this.#channel.send(event)));
    if (job.kind === "extend") return this.#extend(job);
    this.#chat = await ChatSession.open(job, (event) => this.#channel.send(event));
    this.#channel.send({ type: "ready" });
  }

  async #train(job: TrainJob): Promise<void> {
    this.#training = true;
    const outcome = await runTrainJob(job, {
      send: (event) => this.#channel.send(event),
      control: this.#control,
    });
    await this.#end(outcome === "done" ? EXIT.done : EXIT.stopped);
  }

  /** A run in progress finishes its step and saves; anything else ends at once. */
  #terminate(): void {
    if (this.#training) this.#control.stop("save");
    else process.exit(EXIT.stopped);
  }

  #checkLayout(job: LayoutJob): Promise<void> {
    const { setup } = job;
    const send = (event: WorkerEvent): void => this.#channel.send(event);
    return setup ? runSetupCheck({ ...job, setup }, send) : runLayoutJob(job, send);
  }

  async #answer(work: Promise<void>): Promise<void> {
    await work;
    await this.#end(EXIT.done);
  }

  async #extend(job: ExtendJob): Promise<void> {
    this.#channel.send({ type: "extended", bytes: extendWeights(job) });
    await this.#end(EXIT.done);
  }

  #generate(request: GenerateRequest): void {
    const error = new SiftError("not-ready", "this worker has no model to talk to");
    if (this.#chat) this.#chat.generate(request);
    else this.#channel.send({ type: "generate-failed", requestId: request.requestId, error: toErrorReport(error) });
  }

  async #fail(error: unknown, exitCode: number): Promise<void> {
    this.#channel.send({ type: "failed", error: toErrorReport(describeFailure(error)) });
    await this.#end(exitCode);
  }

  async #end(exitCode: number): Promise<void> {
    await this.#channel.flush();
    process.exit(exitCode);
  }
}

new Worker().start();
