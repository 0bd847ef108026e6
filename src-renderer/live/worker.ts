import { toErrorReport, type ErrorReport } from "#shared/errors.ts";
import { LiveEncoder } from "./encoder.ts";
import type { EncodedReply, LiveReply, LiveRequest } from "./protocol.ts";

/** The worker's own global object, of which the page's types know nothing. */
interface Scope {
  addEventListener(type: "message", listener: (event: MessageEvent<LiveRequest>) => void): void;
  postMessage(reply: LiveReply, transfer: readonly ArrayBufferLike[]): void;
}
const scope = globalThis as unknown as Scope;
const encoder = new LiveEncoder();
/** Why a tokenizer could not be read, told to whoever asks for it. */
const unreadable = new Map<string, ErrorReport>();

scope.addEventListener("message", ({ data: request }) => {
  if (request.kind === "tokenizer") {
    try {
      encoder.learn(request.hash, request);
    } catch (error) {
      unreadable.set(request.hash, toErrorReport(error));
    }
    return;
  }
  const { id, model } = request;
  const error = model.tokenizer === null ? undefined : unreadable.get(model.tokenizer);
  if (error) {
    scope.postMessage({ id, ok: false, error }, []);
    return;
  }
  try {
    const reply = encoder.encode(request);
    scope.postMessage({ id, ok: true, ...reply }, buffersOf(reply));
  } catch (thrown) {
    scope.postMessage({ id, ok: false, error: toErrorReport(thrown) }, []);
  }
});

/** Arrays of a fresh row are handed over, not copied. */
function buffersOf({ encoded }: EncodedReply): ArrayBufferLike[] {
  return [...new Set(Object.values(encoded).flatMap((column) => (ArrayBuffer.isView(column) ? [column.buffer] : [])))];
}
