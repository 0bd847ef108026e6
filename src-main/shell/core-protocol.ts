/**
 * What the shell and its core process say to each other besides the contract (which travels over ports).
 * The shell needs to know only whether runs go on (quit question, power) and that core has started or failed.
 */
export type ToShell =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly message: string; readonly remedy: string }
  | { readonly kind: "activity"; readonly runs: readonly ActiveRun[] }
  | { readonly kind: "ended"; readonly name: string; readonly sentence: string };

export interface ActiveRun {
  readonly id: string;
  readonly name: string;
}

/** `shutdown`: stop runs (each saves a checkpoint), close the database, exit. */
export type ToCore = { readonly kind: "shutdown" };

const KINDS = ["ready", "failed", "activity", "ended"];

export function isToShell(message: unknown): message is ToShell {
  return typeof message === "object" && message !== null && "kind" in message && KINDS.includes(String(message.kind));
}
