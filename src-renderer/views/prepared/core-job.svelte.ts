import type { Job } from "#shared/contract/system.ts";
import type { ErrorReport } from "#shared/errors.ts";
import { core } from "../../client.ts";
import { Action } from "../../state/action.svelte.ts";
import { bus, jobDone } from "../../state/bus.svelte.ts";
import { toReport } from "../../state/errors.ts";

/** A job of core's that a view starts and waits for. */
export class CoreJob {
  readonly #action = new Action();
  #jobId = $state<string | undefined>();
  #failure = $state.raw<ErrorReport | undefined>();

  get busy(): boolean {
    return this.#action.busy;
  }
  get error(): ErrorReport | undefined {
    return this.#action.error ?? this.#failure;
  }
  /** While it runs. */
  get job(): Job | undefined {
    const job = bus.job(this.#jobId);
    return job?.state === "running" ? job : undefined;
  }
  /** 0…1 */
  get share(): number | undefined {
    const { job } = this;
    return job?.total ? Math.min(1, job.done / job.total) : undefined;
  }

  clear(): void {
    this.#action.clear();
    this.#failure = undefined;
  }

  /** The job once it is done; undefined where it failed (see `error`) or was cancelled. */
  run(start: () => Promise<{ jobId: string }>): Promise<Job | undefined> {
    this.#failure = undefined;
    return this.#action.run(async () => {
      const { jobId } = await start();
      this.#jobId = jobId;
      const job = await jobDone(jobId);
      if (job.error) this.#failure = toReport(job.error);
      return job.state === "done" ? job : undefined;
    });
  }

  cancel(): void {
    if (this.#jobId !== undefined) void core.system.jobs.cancel({ jobId: this.#jobId });
  }
}
