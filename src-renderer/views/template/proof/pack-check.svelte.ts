import type { PackingRequest, PackLosses } from "#shared/contract/packing.ts";
import type { Proof } from "#shared/contract/text.ts";
import { DEFAULT_MAX_LENGTH } from "../../../state/workspace.svelte.ts";

/** What a comparison of losses is asked with. */
export const packingRequest = (proof: Proof): PackingRequest => ({
  versionId: proof.versionId,
  settings: proof.settings,
  maxLength: proof.settings.maxLength ?? DEFAULT_MAX_LENGTH,
});

/** The last comparison of losses, for the list of packs and for the report. It is of the rows and settings that it was asked with. */
class PackCheck {
  #found = $state.raw<{ readonly proofId: string; readonly result: PackLosses } | undefined>();

  of(proof: Proof): PackLosses | undefined {
    return this.#found?.proofId === proof.id ? this.#found.result : undefined;
  }

  set(proof: Proof, result: PackLosses): void {
    this.#found = { proofId: proof.id, result };
  }
}

export const packCheck = new PackCheck();
