import { open } from "node:fs/promises";
import { SiftError } from "#shared/errors.ts";
import { createRowReader, type ReaderEvent } from "#shared/text/rows/reader.ts";

const CHUNK_BYTES = 1 << 19;
/** Bytes of a file that are looked at to tell whether it is text at all. */
const SNIFF_BYTES = 4096;

export interface FilePiece {
  readonly events: readonly ReaderEvent[];
  /** Bytes that this piece was read from. */
  readonly bytes: number;
}

/** Raw rows of a JSON or JSON Lines file, a piece of the file at a time. @throws SiftError `file-unreadable`, `file-not-text` */
export async function* readFilePieces(file: string): AsyncGenerator<FilePiece> {
  const handle = await open(file, "r").catch((error: unknown) => {
    throw unreadable(file, error);
  });
  try {
    const reader = createRowReader();
    const decoder = new TextDecoder("utf-8");
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (let first = true; ; first = false) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES).catch((error: unknown) => {
        throw unreadable(file, error);
      });
      if (first) requireText(file, buffer.subarray(0, Math.min(bytesRead, SNIFF_BYTES)));
      const text = decoder.decode(buffer.subarray(0, bytesRead), { stream: bytesRead > 0 });
      const events = reader.push(text);
      if (bytesRead === 0) {
        yield { events: [...events, ...reader.end()], bytes: 0 };
        return;
      }
      yield { events, bytes: bytesRead };
    }
  } finally {
    await handle.close();
  }
}

/** A zip, an image or a UTF-16 file would become thousands of bad rows: it is named instead. */
function requireText(file: string, start: Buffer): void {
  if (!start.includes(0)) return;
  throw new SiftError("file-not-text", "the file is not UTF-8 text (it holds zero bytes)", {
    where: { file },
    remedy: "unpack it, or save it as UTF-8 JSON or JSON Lines",
  });
}

export function unreadable(file: string, error: unknown): SiftError {
  const message = error instanceof Error ? error.message : String(error);
  return new SiftError("file-unreadable", `the file cannot be read: ${message}`, { where: { file }, cause: error });
}
