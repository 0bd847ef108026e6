import { createHash } from "node:crypto";
import { closeSync, createReadStream, existsSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { SiftError } from "#shared/errors.ts";
import { SNAPSHOT_FILES, snapshotManifest, type SnapshotFile, type SnapshotManifest } from "#shared/worker/snapshot.ts";

/** An encoded row as the snapshot holds it: one entry a token, labels unshifted. */
export interface SnapshotRow {
  readonly ids: Int32Array;
  readonly labels: Int32Array;
  readonly weights: Float32Array;
}

const COLUMNS = ["ids.i32", "labels.i32", "weights.f32"] as const;
const BYTES_PER_TOKEN = 4;

/** An immutable snapshot on disk. Rows are read by position, so that only the row index is held in memory. */
export class Snapshot {
  readonly manifest: SnapshotManifest;
  readonly #folder: string;
  /** [rows + 1] token offsets. */
  readonly #offsets: Float64Array;
  #dataRows: readonly number[] | undefined;
  readonly #files: Readonly<Record<(typeof COLUMNS)[number], number>>;

  private constructor(folder: string, manifest: SnapshotManifest) {
    this.manifest = manifest;
    this.#folder = folder;
    this.#offsets = readOffsets(join(folder, "offsets.f64"), manifest);
    const open = (file: SnapshotFile) => openSync(join(folder, file), "r");
    this.#files = { "ids.i32": open("ids.i32"), "labels.i32": open("labels.i32"), "weights.f32": open("weights.f32") };
  }

  /** Opens a snapshot after every file was found to be as long, and to hash to, what its manifest says. */
  static async open(folder: string): Promise<Snapshot> {
    const manifest = readManifest(folder);
    for (const file of SNAPSHOT_FILES) await verify(folder, file, manifest.files[file]);
    return new Snapshot(folder, manifest);
  }

  get rows(): number {
    return this.manifest.rows;
  }

  rowLength(row: number): number {
    return this.#offset(row + 1) - this.#offset(row);
  }

  read(row: number): SnapshotRow {
    const column = (file: (typeof COLUMNS)[number]) => this.#bytes(file, row);
    return {
      ids: new Int32Array(column("ids.i32")),
      labels: new Int32Array(column("labels.i32")),
      weights: new Float32Array(column("weights.f32")),
    };
  }

  /** Where rows of the snapshot stand in the data that a person knows, ascending. */
  dataRows(rows: readonly number[]): number[] {
    this.#dataRows ??= readDataRows(join(this.#folder, "rows.jsonl"));
    const found = rows.map((row) => this.#dataRows?.[row] ?? row);
    return [...new Set(found)].sort((a, b) => a - b);
  }

  close(): void {
    for (const file of COLUMNS) closeSync(this.#files[file]);
  }

  #offset(row: number): number {
    const offset = this.#offsets[row];
    if (offset === undefined)
      throw new SiftError("snapshot-row", `row ${row} is not in a snapshot of ${this.rows} rows`);
    return offset;
  }

  #bytes(file: (typeof COLUMNS)[number], row: number): ArrayBuffer {
    const bytes = new Uint8Array(this.rowLength(row) * BYTES_PER_TOKEN);
    const start = this.#offset(row) * BYTES_PER_TOKEN;
    for (let done = 0; done < bytes.length;) {
      const count = readSync(this.#files[file], bytes, done, bytes.length - done, start + done);
      if (count === 0)
        throw new SiftError("snapshot-damaged", `${file} ended while row ${row} was read`, { where: { row } });
      done += count;
    }
    return bytes.buffer;
  }
}

function readManifest(folder: string): SnapshotManifest {
  const file = join(folder, "manifest.json");
  if (!existsSync(file)) throw damaged(file, "it has no manifest, so it was never finished");
  const parsed = v.safeParse(snapshotManifest, JSON.parse(readFileSync(file, "utf8")));
  if (!parsed.success) throw damaged(file, `its manifest is not of this version: ${parsed.issues[0].message}`);
  return parsed.output;
}

async function verify(folder: string, file: SnapshotFile, expected: { bytes: number; sha256: string }): Promise<void> {
  const path = join(folder, file);
  const bytes = existsSync(path) ? statSync(path).size : -1;
  if (bytes !== expected.bytes)
    throw damaged(path, `${expected.bytes} bytes were expected, ${Math.max(0, bytes)} are there`);
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  if (hash.digest("hex") !== expected.sha256) throw damaged(path, "its content is not what was written");
}

function readOffsets(path: string, manifest: SnapshotManifest): Float64Array {
  const bytes = readFileSync(path);
  const offsets = new Float64Array(new Uint8Array(bytes).buffer);
  const complete = offsets.length === manifest.rows + 1 && offsets[0] === 0 && offsets.at(-1) === manifest.tokens;
  if (!complete) throw damaged(path, "its offsets do not fit the number of rows and tokens");
  return offsets;
}

const rowLine = v.object({ row: v.number() });

function readDataRows(path: string): number[] {
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => v.parse(rowLine, JSON.parse(line)).row);
}

function damaged(file: string, message: string): SiftError {
  return new SiftError("snapshot-damaged", `the snapshot of the training data is damaged: ${message}`, {
    where: { file },
    remedy: "Start the run again; the snapshot is then written anew",
  });
}
