import { firstWith } from "./answers.ts";
import { type EncodedRow, IGNORE } from "./types.ts";

/**
 * Where the prompt that serving would give for each message ends in the row's text, in code units. Depends on template and
 * conversation only, not on what is trained.
 */
/** The message is no answer, or the template refuses a conversation that ends before it. */
export const NO_PROMPT = -1;
/** Serving would give a text with which the row's does not begin. */
export const OTHER_PROMPT = -2;

/** Whether some trained answer stands behind another text than serving would give for it, or its first token began before its end. */
export function prefixDiffers(encoded: EncodedRow, promptEnds: readonly number[]): boolean {
  const isTrained = trainedMessages(encoded, promptEnds.length);
  return promptEnds.some((end, message) => {
    if (end === NO_PROMPT || isTrained[message] !== 1) return false;
    return end === OTHER_PROMPT || encoded.starts[firstWith(encoded.starts, end)] !== end;
  });
}

/** 1 for each message with a token that is a target. */
function trainedMessages({ messages, labels }: EncodedRow, count: number): Uint8Array {
  const trained = new Uint8Array(count);
  for (let i = 0; i < labels.length; i++) {
    const message = messages[i] ?? -1;
    if (message >= 0 && labels[i] !== IGNORE) trained[message] = 1;
  }
  return trained;
}
