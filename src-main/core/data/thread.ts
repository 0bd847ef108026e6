import { parentPort, workerData } from "node:worker_threads";
import { toErrorReport } from "#shared/errors.ts";
import { encodeWith } from "./encode-batch.ts";
import type { EncodeSpec, ResultOf, ThreadReply, ThreadRequest, ThreadRow } from "./thread-protocol.ts";

/** The entry of a pool's thread: one encoder for its whole life, a batch at a time. What it is given was checked by the pool. */
function start(port: NonNullable<typeof parentPort>): void {
  const reply = (message: ThreadReply, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
  let encode: ((rows: readonly ThreadRow[]) => ResultOf[keyof ResultOf]) | undefined;
  port.on("message", ({ id, rows }: ThreadRequest) => {
    try {
      encode ??= encodeWith(workerData as EncodeSpec);
      const result = encode(rows);
      reply({ type: "result", id, result }, buffersOf(result));
    } catch (error) {
      reply({ type: "failed", error: toErrorReport(error) });
    }
  });
}

/** Arrays move to the other thread instead of being copied; a piece that shares its buffer is copied. */
function buffersOf(result: ResultOf[keyof ResultOf]): ArrayBuffer[] {
  const arrays = "pieces" in result ? result.pieces : result.columns;
  const buffers = arrays.flatMap(({ ids, labels, weights }) => [ids.buffer, labels.buffer, weights.buffer]);
  return [...new Set(buffers)].filter((buffer) => buffer instanceof ArrayBuffer);
}

if (parentPort) start(parentPort);
