import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import { SiftError } from "#shared/errors.ts";
import { UPLOAD_CHUNK_BYTES } from "#shared/contract/system.ts";

interface Upload {
  readonly name: string;
  readonly bytes: number;
  readonly temporary: string;
  readonly descriptor: number;
  received: number;
}

/** What an earlier core did not finish goes when the next one opens. */
const UNFINISHED = ".part";

/** Uploads under way at most, so that a page gone wrong cannot use up descriptors. */
const MAX_UPLOADS = 16;

/** Files that come from a browser in chunks. A finished one lies in the data home under its own name. */
export class Uploads {
  readonly #folder: string;
  readonly #open = new Map<string, Upload>();

  constructor(folder: string) {
    this.#folder = folder;
    for (const name of readdirSync(folder)) if (name.endsWith(UNFINISHED)) rmSync(join(folder, name), { force: true });
  }

  /** @throws SiftError `upload-name` for a name that is no plain file name */
  begin(name: string, bytes: number): string {
    const plain = name !== "" && name === basename(name) && !/[\\/:\0]/.test(name) && name !== "." && name !== "..";
    if (!plain) throw new SiftError("upload-name", `${JSON.stringify(name)} is not a file name`);
    if (this.#open.size >= MAX_UPLOADS) throw new SiftError("upload-busy", `${MAX_UPLOADS} uploads are under way`);
    const uploadId = randomUUID();
    const temporary = join(this.#folder, `${uploadId}${UNFINISHED}`);
    this.#open.set(uploadId, { name, bytes, temporary, descriptor: openSync(temporary, "wx"), received: 0 });
    return uploadId;
  }

  /** Chunks come in order. @returns bytes received so far */
  chunk(uploadId: string, offset: number, base64: string): number {
    const upload = this.#require(uploadId);
    const data = Buffer.from(base64, "base64");
    if (data.length > UPLOAD_CHUNK_BYTES || offset !== upload.received || offset + data.length > upload.bytes) {
      throw new SiftError(
        "upload-chunk",
        `expected at most ${UPLOAD_CHUNK_BYTES} bytes at ${upload.received} of ${upload.bytes}, got ${data.length} at ${offset}`,
      );
    }
    for (let done = 0; done < data.length;) done += writeSync(upload.descriptor, data, done);
    upload.received += data.length;
    return upload.received;
  }

  /** @returns the path of the whole file. @throws SiftError `upload-incomplete` */
  finish(uploadId: string): string {
    const upload = this.#require(uploadId);
    if (upload.received !== upload.bytes) {
      throw new SiftError("upload-incomplete", `${upload.received} of ${upload.bytes} bytes have come`);
    }
    fsyncSync(upload.descriptor);
    closeSync(upload.descriptor);
    this.#open.delete(uploadId);
    const folder = join(this.#folder, uploadId);
    mkdirSync(folder);
    const path = join(folder, upload.name);
    renameSync(upload.temporary, path);
    return path;
  }

  cancel(uploadId: string): void {
    const upload = this.#open.get(uploadId);
    if (!upload) return;
    this.#open.delete(uploadId);
    closeSync(upload.descriptor);
    rmSync(upload.temporary, { force: true });
  }

  close(): void {
    for (const uploadId of this.#open.keys()) this.cancel(uploadId);
  }

  #require(uploadId: string): Upload {
    const upload = this.#open.get(uploadId);
    if (!upload) throw new SiftError("not-found", "there is no such upload", { where: { what: uploadId } });
    return upload;
  }
}
