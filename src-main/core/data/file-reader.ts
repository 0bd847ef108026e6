import { open } from "node:fs/promises";
import { SiftError } from "#shared/errors.ts";
import { createRowReader, type ReaderEvent } from "#shared/text/rows/reader.ts";

/** Small enough that the rows of one piece hold nobody else up for long. */
const CHUNK_BYTES = 1 << 17;
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
    const text = new Utf8Text();
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (let first = true; ; first = false) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES).catch((error: unknown) => {
        throw unreadable(file, error);
      });
      if (first) requireText(file, buffer.subarray(0, Math.min(bytesRead, SNIFF_BYTES)));
      const events = reader.push(text.decode(buffer.subarray(0, bytesRead)));
      const last = bytesRead === 0;
      yield { events: text.marked(last ? [...events, ...reader.end()] : events), bytes: bytesRead };
      if (last) return;
    }
  } finally {
    await handle.close();
  }
}

const REPLACEMENT = "\ufffd";

/** Decodes UTF-8 and notices bytes that are none, so that no row is changed without a word. */
class Utf8Text {
  readonly #decoder = new TextDecoder("utf-8");
  readonly #strict = new TextDecoder("utf-8", { fatal: true });
  #damaged = false;

  /** @param bytes the next of the file; none at its end */
  decode(bytes: Uint8Array): string {
    const options = { stream: bytes.length > 0 };
    if (!this.#damaged) {
      try {
        this.#strict.decode(bytes, options);
      } catch {
        this.#damaged = true;
      }
    }
    return this.#decoder.decode(bytes, options);
  }

  /** Rows in which bytes were replaced become errors. */
  marked(events: readonly ReaderEvent[]): readonly ReaderEvent[] {
    if (!this.#damaged) return events;
    return events.map((event) => (event.kind === "row" && event.text.includes(REPLACEMENT) ? notUtf8(event) : event));
  }
}

function notUtf8({ row, line }: ReaderEvent): ReaderEvent {
  const error = {
    code: "row-not-utf8",
    message: "the row holds bytes that are not UTF-8",
    remedy: "save the file as UTF-8",
  };
  return { kind: "error", row, line, error };
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
