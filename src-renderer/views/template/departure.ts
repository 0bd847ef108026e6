import { workspace } from "../../state/workspace.svelte.ts";

/** Back to what the model was tuned with: its text, its system text and its mask. */
export function useOwnTemplate(): void {
  workspace.set({ template: { kind: "own" }, mask: undefined, systemMessage: undefined, draftOf: undefined });
}
