import type { Job } from "#shared/contract/system.ts";
import type { EncodeSettings, Proof } from "#shared/contract/text.ts";
import type { ErrorReport } from "#shared/errors.ts";
import { core } from "../client.ts";
import { Action } from "./action.svelte.ts";
import { autoProof } from "./auto-proof.svelte.ts";
import { bus, jobDone } from "./bus.svelte.ts";
import { toReport } from "./errors.ts";
import { useQuery, type Query } from "./query.svelte.ts";

export interface ProofInput {
  readonly versionId: string;
  readonly settings: EncodeSettings;
}

/** The proof of a version under some settings: the newest that still holds, and a new one on demand. */
export class Proving {
  readonly #latest: Query<Proof | null>;
  readonly #input: () => ProofInput | undefined;
  readonly #action = new Action();
  #jobId = $state<string | undefined>();
  #failure = $state.raw<ErrorReport | undefined>();

  constructor(input: () => ProofInput | undefined, latest: Query<Proof | null>) {
    this.#input = input;
    this.#latest = latest;
  }

  /** There is something to prove. */
  get ready(): boolean {
    return this.#input() !== undefined;
  }
  get proof(): Proof | undefined {
    return this.#latest.data ?? undefined;
  }
  /** The proof that runs now, also one that was started before a reload. */
  get job(): Job | undefined {
    const own = bus.job(this.#jobId);
    const job = own ?? bus.jobs.find((each) => each.kind === "proof" && each.state === "running");
    return job?.state === "running" ? job : undefined;
  }
  /** 0…1 */
  get share(): number | undefined {
    const { job } = this;
    return job?.total ? job.done / job.total : undefined;
  }
  get starting(): boolean {
    return this.#action.busy && this.job === undefined;
  }
  get error(): ErrorReport | undefined {
    return this.#action.error ?? this.#failure ?? autoProof.failureOf(this.#input()) ?? this.#latest.error;
  }

  /** Proves every row; answers the proof, or undefined when it failed or was cancelled (see `error`). */
  run(): Promise<Proof | undefined> {
    const input = this.#input();
    if (!input) return Promise.resolve(undefined);
    this.#failure = undefined;
    return this.#action.run(async () => {
      const { jobId } = await core.text.prove({ versionId: input.versionId, settings: input.settings });
      this.#jobId = jobId;
      const job = await jobDone(jobId);
      if (job.error) this.#failure = toReport(job.error);
      if (job.resultId === null) return undefined;
      const proof = await core.text.proofResult({ proofId: job.resultId });
      this.#latest.set(proof);
      return proof;
    });
  }
}

/** Call it while a component is set up; `input` is read reactively. */
export function useProof(input: () => ProofInput | undefined): Proving {
  const latest = useQuery(input, (asked, signal) => core.text.latestProof(asked, { signal }), {
    debounceMs: 150,
    topics: ["datasets", "proofs"],
  });
  return new Proving(input, latest);
}
