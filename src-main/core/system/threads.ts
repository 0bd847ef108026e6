import { availableParallelism } from "node:os";
import type { Store } from "../store/index.ts";

/** Threads that training and measuring may use: all cores, or as many as the settings allow. */
export function computeThreads(store: Store): number {
  return Math.min(store.settings.get().threads ?? Infinity, availableParallelism());
}
