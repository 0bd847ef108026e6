import type { ErrorReport } from "#shared/errors.ts";
import { core } from "../client.ts";
import { bus } from "./bus.svelte.ts";
import { connection } from "./connection.svelte.ts";
import { toReport } from "./errors.ts";
import { proofRequest } from "./proof-request.svelte.ts";
import type { ProofInput } from "./proof.svelte.ts";
import { always, useQuery } from "./query.svelte.ts";
import { workspace } from "./workspace.svelte.ts";

/** Rows and masks are changed several at a time; the proof waits until it was quiet for so long. */
const QUIET_MS = 1500;

/** The proof that was begun here last, for whoever shows how it went. */
class AutoProof {
  #last = $state.raw<{ readonly key: string; readonly jobId: string } | undefined>();

  begun(key: string, jobId: string | null): void {
    this.#last = jobId === null ? undefined : { key, jobId };
  }

  /** Why the proof of this failed, where it did. */
  failureOf(input: ProofInput | undefined): ErrorReport | undefined {
    const last = this.#last;
    if (!last || last.key !== JSON.stringify(input)) return undefined;
    const job = bus.job(last.jobId);
    return job?.state === "failed" && job.error ? toReport(job.error) : undefined;
  }
}
export const autoProof = new AutoProof();

/** What would be proven now: the chosen version under what a run of it would use. */
export function currentProofInput(): ProofInput | undefined {
  const { runSettings: settings, versionId } = workspace;
  return settings && versionId !== undefined ? { versionId, settings } : undefined;
}

/**
 * Keeps the proof of what is worked on up to date while the app is open: after an import, after edits, and when the mask, the
 * length or the template changes. A template that is being typed waits until it is saved. Core answers with what it has proven
 * before, and stops a proof that an edit has outdated.
 */
export function keepProven(): void {
  const saved = useQuery(always, (_, signal) => core.text.saved({}, { signal }), { topics: ["templates"] });
  /** A text that stands nowhere but in the editor. */
  const isDraft = $derived.by(() => {
    const { template } = workspace;
    return template.kind === "text" && !(saved.data ?? []).some(({ source }) => source === template.source);
  });
  const wanted = $derived(isDraft ? undefined : JSON.stringify(currentProofInput()));
  $effect(() => {
    void bus.version("datasets");
    const atOnce = proofRequest.pending;
    if (wanted === undefined || connection.state !== "open") return;
    const input = JSON.parse(wanted) as ProofInput;
    const timer = setTimeout(
      () => {
        proofRequest.take();
        core.text.ensureProof(input).then(
          ({ jobId }) => autoProof.begun(wanted, jobId),
          () => undefined, // what is wrong with the template or the model is said where they are chosen
        );
      },
      atOnce ? 0 : QUIET_MS,
    );
    return () => clearTimeout(timer);
  });
}
