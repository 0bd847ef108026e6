import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, rmdir, writeFile, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  Field,
  Float32,
  Int32,
  Int64,
  Int8,
  List,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  type Data,
} from "apache-arrow";
import { SiftError } from "#shared/errors.ts";
import type { EncodedRow } from "#shared/text/index.ts";

/** Rows of a record batch, as `datasets` writes them. */
const BATCH_ROWS = 1000;
/** `datasets` starts a new shard at 500 MB. */
const SHARD_BYTES = 500_000_000;

type Columns = Pick<EncodedRow, "ids" | "labels" | "weights">;

/** Name, Hugging Face's name of the type, and Arrow's; the types that `datasets` itself picks for these names. */
const COLUMNS = {
  input_ids: { dtype: "int32", type: () => new Int32() },
  attention_mask: { dtype: "int8", type: () => new Int8() },
  labels: { dtype: "int64", type: () => new Int64() },
  weights: { dtype: "float32", type: () => new Float32() },
} as const;
type ColumnName = keyof typeof COLUMNS;

export interface WriterOptions {
  /** A column of loss weights besides; left out where every scored token counts 1. */
  readonly weights?: boolean;
}

/**
 * Writes encoded rows as a dataset that `datasets.load_from_disk` opens: Arrow shards with `input_ids`, `attention_mask` and
 * `labels` (unshifted, -100 where nothing is scored). The folder appears whole or not at all.
 * Format: `Dataset.save_to_disk` of datasets 5.
 */
export class HfDatasetWriter {
  private readonly target: string;
  private readonly folder: string;
  private readonly names: readonly ColumnName[];
  private readonly schema: Schema;
  private readonly hash = createHash("sha256");
  private readonly shards: string[] = [];
  private pending: Columns[] = [];
  private shard: Shard | undefined;
  rows = 0;

  private constructor(target: string, folder: string, names: readonly ColumnName[]) {
    this.target = target;
    this.folder = folder;
    this.names = names;
    this.schema = schemaOf(names);
  }

  /** @throws SiftError `output-not-empty` */
  static async open(target: string, { weights = false }: WriterOptions = {}): Promise<HfDatasetWriter> {
    if (existsSync(target) && (await readdir(target)).length > 0) {
      throw new SiftError("output-not-empty", "the folder exists and is not empty", {
        where: { file: target },
        remedy: "choose another --output, or remove the folder",
      });
    }
    const folder = join(dirname(target), `.${basename(target)}.${randomBytes(4).toString("hex")}.part`);
    await mkdir(folder, { recursive: true });
    const names: ColumnName[] = ["input_ids", "attention_mask", "labels"];
    return new HfDatasetWriter(target, folder, weights ? [...names, "weights"] : names);
  }

  async add(row: Columns): Promise<void> {
    this.pending.push(row);
    this.rows++;
    this.hash.update(bytesOf(row.ids)).update(bytesOf(row.labels));
    if (this.pending.length >= BATCH_ROWS) await this.flush();
  }

  /** Puts the folder in its place. */
  async finish(): Promise<void> {
    await this.flush();
    if (this.shards.length === 0) await this.openShard();
    await this.shard?.close();
    const names = await this.nameShards();
    await this.describe(names);
    if (existsSync(this.target)) await rmdir(this.target);
    await rename(this.folder, this.target);
  }

  async abandon(): Promise<void> {
    await this.shard?.close().catch(() => undefined);
    await rm(this.folder, { recursive: true, force: true });
  }

  private async flush(): Promise<void> {
    if (this.pending.length === 0) return;
    if (!this.shard || this.shard.bytes >= SHARD_BYTES) await this.openShard();
    await this.shard?.write(batchOf(this.schema, this.names, this.pending));
    this.pending = [];
  }

  private async openShard(): Promise<void> {
    await this.shard?.close();
    const name = `shard-${this.shards.length}`;
    this.shards.push(name);
    this.shard = await Shard.open(join(this.folder, name), this.schema);
  }

  /** A shard's name says how many there are, which is known at the end. */
  private async nameShards(): Promise<string[]> {
    const five = (value: number): string => String(value).padStart(5, "0");
    const names = this.shards.map((_, i) => `data-${five(i)}-of-${five(this.shards.length)}.arrow`);
    for (const [i, name] of names.entries())
      await rename(join(this.folder, this.shards[i] ?? ""), join(this.folder, name));
    return names;
  }

  private async describe(names: readonly string[]): Promise<void> {
    const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
    const info = { citation: "", description: "", features: features(this.names), homepage: "", license: "" };
    const state = {
      _data_files: names.map((filename) => ({ filename })),
      _fingerprint: this.hash.digest("hex").slice(0, 16),
      _format_columns: null,
      _format_kwargs: {},
      _format_type: null,
      _output_all_columns: false,
      _split: null,
    };
    await writeFile(join(this.folder, "dataset_info.json"), json(info));
    await writeFile(join(this.folder, "state.json"), json(state));
  }
}

/** Arrow's own writer; the bytes of a batch are handed over instead of queueing up in memory. */
class CollectingWriter extends RecordBatchStreamWriter {
  private collected: Uint8Array[] = [];

  take(): Uint8Array[] {
    const taken = this.collected;
    this.collected = [];
    return taken;
  }

  protected override _write(chunk: ArrayBufferView): this {
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (bytes.length > 0) this.collected.push(bytes);
    this._position += bytes.length;
    return this;
  }
}

/** One Arrow file in the streaming form, written as batches come. */
class Shard {
  private readonly file: FileHandle;
  private readonly writer = new CollectingWriter();
  bytes = 0;

  private constructor(file: FileHandle, schema: Schema) {
    this.file = file;
    this.writer.reset(undefined, schema);
  }

  static async open(path: string, schema: Schema): Promise<Shard> {
    return new Shard(await open(path, "wx"), schema);
  }

  async write(batch: RecordBatch): Promise<void> {
    this.writer.write(batch);
    await this.drain();
  }

  async close(): Promise<void> {
    this.writer.finish();
    await this.drain();
    await this.file.sync();
    await this.file.close();
  }

  private async drain(): Promise<void> {
    for (const chunk of this.writer.take()) {
      await this.file.writeFile(chunk);
      this.bytes += chunk.length;
    }
  }
}

const features = (names: readonly ColumnName[]): object =>
  Object.fromEntries(
    names.map((name) => [name, { feature: { dtype: COLUMNS[name].dtype, _type: "Value" }, _type: "List" }]),
  );

function schemaOf(names: readonly ColumnName[]): Schema {
  const fields = names.map((name) => new Field(name, listOf(name), true));
  return new Schema(fields, new Map([["huggingface", JSON.stringify({ info: { features: features(names) } })]]));
}

const listOf = (name: ColumnName): List => new List(new Field("item", COLUMNS[name].type(), true));

function batchOf(schema: Schema, names: readonly ColumnName[], rows: readonly Columns[]): RecordBatch {
  const valueOffsets = new Int32Array(rows.length + 1);
  rows.forEach(({ ids }, i) => (valueOffsets[i + 1] = (valueOffsets[i] ?? 0) + ids.length));
  const tokens = valueOffsets[rows.length] ?? 0;
  const children = names.map((name) => {
    const child = VALUES[name](rows, tokens);
    return makeData({ type: listOf(name), length: rows.length, nullCount: 0, valueOffsets, child });
  });
  const struct = new Struct(schema.fields);
  return new RecordBatch(schema, makeData({ type: struct, length: rows.length, nullCount: 0, children }));
}

/** Values of a column over all rows, one after the other. */
const VALUES: Readonly<Record<ColumnName, (rows: readonly Columns[], tokens: number) => Data>> = {
  input_ids: (rows, tokens) => {
    const data = new Int32Array(tokens);
    fill(rows, ({ ids }, at) => data.set(ids, at));
    return makeData({ type: new Int32(), length: tokens, nullCount: 0, data });
  },
  attention_mask: (_rows, tokens) =>
    makeData({ type: new Int8(), length: tokens, nullCount: 0, data: new Int8Array(tokens).fill(1) }),
  labels: (rows, tokens) => {
    const data = new BigInt64Array(tokens);
    fill(rows, ({ labels }, at) => labels.forEach((label, i) => (data[at + i] = BigInt(label))));
    return makeData({ type: new Int64(), length: tokens, nullCount: 0, data });
  },
  weights: (rows, tokens) => {
    const data = new Float32Array(tokens);
    fill(rows, ({ weights }, at) => data.set(weights, at));
    return makeData({ type: new Float32(), length: tokens, nullCount: 0, data });
  },
};

function fill(rows: readonly Columns[], put: (row: Columns, at: number) => void): void {
  let at = 0;
  for (const row of rows) {
    put(row, at);
    at += row.ids.length;
  }
}

const bytesOf = (array: Int32Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
