import { UPLOAD_CHUNK_BYTES } from "#shared/contract/system.ts";
import { core, desktop } from "../client.ts";

const BASE64_STEP = 0x8000;

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += BASE64_STEP) {
    binary += String.fromCharCode(...bytes.subarray(at, at + BASE64_STEP));
  }
  return btoa(binary);
}

/** Brings a dropped or picked file to core: by its path in the desktop window, else in chunks. */
export class Upload {
  #name = $state("");
  /** 0…1 */
  #share = $state(0);
  #active = $state(false);

  get name(): string {
    return this.#name;
  }
  get share(): number {
    return this.#share;
  }
  get active(): boolean {
    return this.#active;
  }

  /** Paths on core's machine, in the order of `files`. Aborting removes what was sent. */
  async paths(files: readonly File[], signal?: AbortSignal): Promise<string[]> {
    this.#active = true;
    try {
      const paths: string[] = [];
      for (const file of files) paths.push(await this.#path(file, signal));
      return paths;
    } finally {
      this.#active = false;
    }
  }

  async #path(file: File, signal: AbortSignal | undefined): Promise<string> {
    const native = desktop()?.pathForFile(file) ?? "";
    return native === "" ? this.#send(file, signal) : native;
  }

  async #send(file: File, signal: AbortSignal | undefined): Promise<string> {
    this.#name = file.name;
    this.#share = 0;
    const { uploadId } = await core.system.files.uploadBegin({ name: file.name, bytes: file.size });
    try {
      for (let offset = 0; offset < file.size; offset += UPLOAD_CHUNK_BYTES) {
        signal?.throwIfAborted();
        const bytes = new Uint8Array(await file.slice(offset, offset + UPLOAD_CHUNK_BYTES).arrayBuffer());
        const { received } = await core.system.files.uploadChunk({ uploadId, offset, base64: toBase64(bytes) });
        this.#share = file.size === 0 ? 1 : received / file.size;
      }
      const { path } = await core.system.files.uploadFinish({ uploadId });
      return path;
    } catch (error) {
      await core.system.files.uploadCancel({ uploadId }).catch(() => undefined);
      throw error;
    }
  }
}
