import { setImmediate } from "node:timers/promises";
import type { RandomStream } from "#worker/train/random.ts";
import type { Generator } from "./generator.ts";
import { sampleToken, type SamplingSettings } from "./sampling.ts";

export interface Continuation extends SamplingSettings {
  readonly promptIds: readonly number[];
  readonly stopIds: readonly number[];
  readonly maxNewTokens: number;
  readonly random: RandomStream;
  /** Looked at between tokens. */
  readonly cancelled: () => boolean;
  readonly onToken?: (id: number) => void;
}

/** Token after token until a stop id, the limit or a cancel; the stop id itself is not part of `ids`. */
export async function continuePrompt(
  generator: Generator,
  wanted: Continuation,
): Promise<{ ids: number[]; stopped: boolean }> {
  const ids: number[] = [];
  while (ids.length < wanted.maxNewTokens) {
    await setImmediate(); // a cancel is delivered between tokens
    if (wanted.cancelled()) return { ids, stopped: false };
    const last = ids.at(-1);
    const logits = await (last === undefined
      ? generator.prefill(Int32Array.from(wanted.promptIds))
      : generator.next(last));
    const id = sampleToken(logits, wanted, wanted.random);
    if (wanted.stopIds.includes(id)) return { ids, stopped: true };
    ids.push(id);
    wanted.onToken?.(id);
  }
  return { ids, stopped: false };
}
