import type { Proof } from "#shared/contract/text.ts";
import type { Waiver } from "#shared/contract/waivers.ts";
import { core } from "../client.ts";
import { useQuery, type Query } from "./query.svelte.ts";

/** Classes that were accepted, as they stand against a proof. Call it while a component is set up. */
export function useWaivers(proof: () => Proof | undefined): Query<Waiver[]> {
  return useQuery(
    () => {
      const id = proof()?.id;
      return id === undefined ? undefined : { proofId: id };
    },
    (input, signal) => core.waivers.list(input, { signal }),
    { topics: ["proofs"] },
  );
}

/** Classes that stop a run and are not accepted. */
export const openClasses = (proof: Proof, waivers: readonly Waiver[]): string[] =>
  proof.blocking.filter((name) => !waivers.some((each) => each.class === name && each.voidBecause === null));
