import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { encodeHeader } from "#shared/formats/safetensors.ts";
import { diskError } from "./files.ts";
import type { NamedTensor } from "./step.ts";

/** Writes tensors as one safetensors file, reading one at a time, and flushes it to the disk. */
export async function writeTensors(path: string, tensors: readonly NamedTensor[]): Promise<void> {
  try {
    const file = openSync(path, "w");
    try {
      writeAll(file, encodeHeader(tensors));
      for (const tensor of tensors) {
        const values = await tensor.read();
        writeAll(file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw diskError(error, path);
  }
}

/** One call writes 2 GB at most. */
const MAX_WRITE_BYTES = 1 << 30;

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done, Math.min(bytes.length - done, MAX_WRITE_BYTES));
  }
}
