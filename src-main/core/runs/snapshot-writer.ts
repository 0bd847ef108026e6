import { createHash, type Hash } from "node:crypto";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { IGNORE } from "#shared/text/types.ts";
import { SNAPSHOT_FILES, SNAPSHOT_FORMAT, type SnapshotFile, type SnapshotManifest } from "#shared/worker/snapshot.ts";

/** One encoded row of a snapshot; arrays of one length, labels unshifted. */
export interface SnapshotRow {
  readonly index: number;
  readonly rowId: string;
  readonly ids: Int32Array;
  readonly labels: Int32Array;
  readonly weights: Float32Array;
}
export type SnapshotFacts = Pick<SnapshotManifest, "dataHash" | "templateHash" | "mask">;

/** Bytes that are gathered before they are written. */
const BUFFER_BYTES = 1 << 20;

/** A file that is hashed while it is written. */
class HashedFile {
  readonly #handle: FileHandle;
  readonly #hash: Hash = createHash("sha256");
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  bytes = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Takes the bytes over: the caller no longer changes them. */
  async add(bytes: Uint8Array): Promise<void> {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.byteLength;
    if (this.#pendingBytes >= BUFFER_BYTES) await this.#write();
  }

  async finish(): Promise<{ bytes: number; sha256: string }> {
    await this.#write();
    await this.#handle.sync();
    await this.#handle.close();
    return { bytes: this.bytes, sha256: this.#hash.digest("hex") };
  }

  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }

  async #write(): Promise<void> {
    const block = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#hash.update(block);
    for (let done = 0; done < block.length;) {
      const { bytesWritten } = await this.#handle.write(block, done);
      done += bytesWritten;
    }
    this.bytes += block.length;
  }
}

const bytesOf = (array: Int32Array | Float32Array | Float64Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** Writes a snapshot beside its final place; it appears there whole, by a rename, once its manifest is written. */
export class SnapshotWriter {
  readonly #folder: string;
  readonly #temporary: string;
  readonly #files: Readonly<Record<SnapshotFile, HashedFile>>;
  #offset = 0;
  #rows = 0;
  #supervised = 0;
  #longest = 0;

  private constructor(folder: string, files: Readonly<Record<SnapshotFile, HashedFile>>) {
    this.#folder = folder;
    this.#temporary = temporaryOf(folder);
    this.#files = files;
  }

  static async open(folder: string): Promise<SnapshotWriter> {
    const temporary = temporaryOf(folder);
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary, { recursive: true });
    const make = async (file: SnapshotFile) => new HashedFile(await open(join(temporary, file), "wx"));
    const files = {
      "ids.i32": await make("ids.i32"),
      "labels.i32": await make("labels.i32"),
      "weights.f32": await make("weights.f32"),
      "offsets.f64": await make("offsets.f64"),
      "rows.jsonl": await make("rows.jsonl"),
    };
    await files["offsets.f64"].add(bytesOf(Float64Array.of(0)));
    return new SnapshotWriter(folder, files);
  }

  get rows(): number {
    return this.#rows;
  }

  async add(row: SnapshotRow): Promise<void> {
    const { ids, labels, weights } = row;
    this.#offset += ids.length;
    this.#rows += 1;
    this.#longest = Math.max(this.#longest, ids.length);
    this.#supervised += countScored(labels);
    await this.#files["ids.i32"].add(bytesOf(ids));
    await this.#files["labels.i32"].add(bytesOf(labels));
    await this.#files["weights.f32"].add(bytesOf(weights));
    await this.#files["offsets.f64"].add(bytesOf(Float64Array.of(this.#offset)));
    await this.#files["rows.jsonl"].add(Buffer.from(`${JSON.stringify({ row: row.index, id: row.rowId })}\n`));
  }

  /** Flushes everything, writes the manifest last and puts the folder in place. */
  async finish(facts: SnapshotFacts): Promise<SnapshotManifest> {
    const entries = [];
    for (const file of SNAPSHOT_FILES) entries.push([file, await this.#files[file].finish()] as const);
    const manifest: SnapshotManifest = {
      format: SNAPSHOT_FORMAT,
      rows: this.#rows,
      tokens: this.#offset,
      supervisedTokens: this.#supervised,
      longestRow: this.#longest,
      ...facts,
      files: Object.fromEntries(entries) as SnapshotManifest["files"],
    };
    const handle = await open(join(this.#temporary, "manifest.json"), "wx");
    await handle.writeFile(JSON.stringify(manifest, null, 2));
    await handle.sync();
    await handle.close();
    rmSync(this.#folder, { recursive: true, force: true });
    renameSync(this.#temporary, this.#folder);
    return manifest;
  }

  /** Nothing half-written stays. */
  async abandon(): Promise<void> {
    for (const file of SNAPSHOT_FILES) await this.#files[file].abandon();
    rmSync(this.#temporary, { recursive: true, force: true });
  }
}

/** A snapshot of some rows for a check or a measurement: nothing pins what it was made of. @throws what writing throws; nothing is left then */
export async function writeRows(folder: string, rows: Iterable<SnapshotRow>): Promise<SnapshotManifest> {
  const writer = await SnapshotWriter.open(folder);
  try {
    for (const row of rows) await writer.add(row);
    return await writer.finish({ dataHash: "", templateHash: "", mask: "" });
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

const temporaryOf = (folder: string): string => `${folder}.tmp`;

/** Labels that are scored after the shift: the first position of a row never is. */
function countScored(labels: Int32Array): number {
  let count = 0;
  for (let i = 1; i < labels.length; i += 1) if (labels[i] !== IGNORE) count += 1;
  return count;
}
