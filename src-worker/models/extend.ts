import { closeSync, copyFileSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import { SiftError } from "#shared/errors.ts";
import { DTYPE_BYTES, encodeHeader } from "#shared/formats/safetensors.ts";
import type { ExtendJob } from "#shared/worker/protocol.ts";
import { locateTensors, READABLE_DTYPES, readTensor, type TensorLocation } from "./tensors.ts";

/** Tables that have a row a token: the embedding, and the head where it is not tied. */
const TOKEN_TABLE = /(^|\.)(embed_tokens|lm_head)\.weight$/;
/** Copied at a time. */
const CHUNK_BYTES = 1 << 24;

type Extension = Pick<ExtendJob, "rows" | "knownRows" | "newRows">;

/**
 * Writes a model's weight files anew, with a row for every new token: the mean of the rows that stand for tokens, as transformers'
 * `resize_token_embeddings` starts them (but for its noise of 1e-9 of their covariance). Everything else is copied byte for byte.
 * @returns bytes by which the files grew
 * @throws SiftError `model-tensor-missing` where no table is found, `model-dtype`
 */
export function extendWeights({ files, targetDir, ...extension }: Omit<ExtendJob, "kind" | "protocol">): number {
  let tables = 0;
  let grown = 0;
  for (const file of files) {
    const located = [...locateTensors(file)].sort(([, a], [, b]) => a.offset - b.offset);
    const found = located.filter(([name]) => TOKEN_TABLE.test(name));
    const target = join(targetDir, basename(file));
    tables += found.length;
    if (found.length === 0) copyFileSync(file, target);
    else grown += rewrite(located, target, extension);
  }
  if (tables > 0) return grown;
  throw new SiftError("model-tensor-missing", "the weights have no embed_tokens and no lm_head");
}

function rewrite(located: readonly (readonly [string, TensorLocation])[], path: string, extension: Extension): number {
  let grown = 0;
  const tensors = located.map(([name, location]) => {
    const isTable = TOKEN_TABLE.test(name);
    const [rows = 0, width = 0] = location.shape;
    const shape = isTable ? [Math.max(rows, extension.rows), width] : location.shape;
    if (isTable) grown += ((shape[0] ?? rows) - rows) * width * (DTYPE_BYTES[location.dtype] ?? 0);
    return { name, location, isTable, dtype: location.dtype, shape };
  });
  const out = openSync(path, "w");
  try {
    writeAll(out, encodeHeader(tensors));
    for (const { name, location, isTable, shape } of tensors) {
      if (isTable) writeTable(out, { name, location, rows: shape[0] ?? 0 }, extension);
      else copyBytes(out, location, { from: 0, to: bytesOf(location) });
    }
    fsyncSync(out);
  } finally {
    closeSync(out);
  }
  return grown;
}

interface Table {
  readonly name: string;
  readonly location: TensorLocation;
  /** As it is written. */
  readonly rows: number;
}

/** Rows of new tokens hold the mean, whether they are appended or were spare rows of a padded table; the others stay. */
function writeTable(out: number, { name, location, rows }: Table, { knownRows, newRows }: Extension): void {
  const [before = 0, width = 0] = location.shape;
  if (!READABLE_DTYPES.includes(location.dtype)) {
    throw new SiftError("model-dtype", `${name} is ${location.dtype}; F32, F16 and BF16 can be extended`);
  }
  const rowBytes = width * (DTYPE_BYTES[location.dtype] ?? 0);
  const mean = encodeRow(meanRow(location, Math.min(before, knownRows)), location.dtype);
  const isNew = new Set(newRows);
  for (let row = 0; row < rows;) {
    if (row >= before || isNew.has(row)) {
      writeAll(out, mean);
      row++;
      continue;
    }
    let end = row + 1;
    while (end < before && !isNew.has(end)) end++;
    copyBytes(out, location, { from: row * rowBytes, to: end * rowBytes });
    row = end;
  }
}

/** In double precision, a block of rows at a time. */
function meanRow(location: TensorLocation, rows: number): Float64Array {
  const [, width = 0] = location.shape;
  const sums = new Float64Array(width);
  const valueBytes = DTYPE_BYTES[location.dtype] ?? 0;
  const block = Math.max(1, Math.floor(CHUNK_BYTES / (4 * width)));
  for (let first = 0; first < rows; first += block) {
    const count = Math.min(block, rows - first);
    const values = new Float32Array(count * width);
    readTensor({ ...location, offset: location.offset + first * width * valueBytes }, values);
    for (let i = 0; i < values.length; i++) sums[i % width] = (sums[i % width] ?? 0) + (values[i] ?? 0);
  }
  return sums.map((sum) => sum / Math.max(1, rows));
}

function encodeRow(values: Float64Array, dtype: string): Uint8Array {
  const bytes = new Uint8Array(values.length * (DTYPE_BYTES[dtype] ?? 0));
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    if (dtype === "F32") view.setFloat32(4 * i, value, true);
    else view.setUint16(2 * i, dtype === "BF16" ? bfloat16Bits(value) : float16Bits(value), true);
  });
  return bytes;
}

const scratch = new DataView(new ArrayBuffer(4));

/** Upper half of a float32, rounded to nearest, ties to even. */
function bfloat16Bits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** IEEE 754 half precision, rounded to nearest; subnormals included. */
function float16Bits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (!(magnitude < 65520)) return sign | (Number.isNaN(value) ? 0x7e00 : 0x7c00);
  const exponent = magnitude < 2 ** -14 ? -14 : Math.floor(Math.log2(magnitude));
  const steps = Math.round(magnitude / 2 ** (exponent - 10)); // 1024 … 2048, less where it is subnormal
  return sign | (((exponent + 14) << 10) + steps);
}

const bytesOf = ({ shape, dtype }: TensorLocation): number =>
  shape.reduce((a, b) => a * b, 1) * (DTYPE_BYTES[dtype] ?? 0);

function copyBytes(out: number, { file, offset }: TensorLocation, { from, to }: { from: number; to: number }): void {
  const source = openSync(file, "r");
  try {
    const buffer = new Uint8Array(Math.min(CHUNK_BYTES, to - from));
    for (let at = from; at < to;) {
      const read = readSync(source, buffer, 0, Math.min(buffer.length, to - at), offset + at);
      if (read === 0) throw new SiftError("safetensors-truncated", "the file ended early", { where: { file } });
      writeAll(out, buffer.subarray(0, read));
      at += read;
    }
  } finally {
    closeSync(source);
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
}
