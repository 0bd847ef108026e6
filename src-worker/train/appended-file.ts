import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { SiftError } from "#shared/errors.ts";
import { diskError } from "./files.ts";

/**
 * A file that only grows, in whole pieces: what does not fit on the disk is taken back and waits, so that a full disk tears no
 * line in two and loses none.
 */
export class AppendedFile {
  readonly #path: string;
  #waiting: Uint8Array[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /** Pieces that wait for space on the disk. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** @throws what is wrong with the file other than a full disk */
  append(piece: string | Uint8Array): void {
    this.#waiting.push(typeof piece === "string" ? Buffer.from(piece, "utf8") : piece);
    this.flush();
  }

  /** @throws SiftError `disk-full` while pieces wait */
  requireWritten(): void {
    if (!this.flush())
      throw new SiftError("disk-full", `${this.#path} waits for space`, { where: { file: this.#path } });
  }

  /** Writes what waits; false while the disk is full. */
  flush(): boolean {
    try {
      const file = openSync(this.#path, "a");
      try {
        for (let piece = this.#waiting[0]; piece; piece = this.#waiting[0]) {
          appendWhole(file, piece);
          this.#waiting.shift();
        }
      } finally {
        closeSync(file);
      }
    } catch (error) {
      const told = diskError(error, this.#path);
      if (!(told instanceof SiftError && told.code === "disk-full")) throw told;
    }
    return this.#waiting.length === 0;
  }
}

function appendWhole(file: number, bytes: Uint8Array): void {
  const { size } = fstatSync(file);
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
  } catch (error) {
    ftruncateSync(file, size);
    throw error;
  }
}
