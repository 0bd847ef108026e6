import { SiftError } from "../errors.ts";

/**
 * The safetensors format: eight bytes of header length (little endian), a JSON header, then the tensors' bytes.
 * Pure functions over bytes; reading files is the caller's.
 */

export interface SafetensorsEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes in the data section, end excluded. */
  readonly start: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the data section starts in the file. */
  readonly dataStart: number;
}

/** Real headers have tens of kilobytes; more is a damaged or hostile file. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Bytes of an element of each type of the format. */
export const DTYPE_BYTES: Readonly<Record<string, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  U32: 4,
  U64: 8,
};

const invalid = (message: string, file: string, what?: string): SiftError =>
  new SiftError("safetensors-invalid", message, {
    where: { file, ...(what === undefined ? {} : { what }) },
    remedy: "download the file again",
  });

const truncated = (promised: string, file: string, fileBytes: number): SiftError =>
  new SiftError("safetensors-truncated", `${promised}, the file has ${fileBytes}`, {
    where: { file },
    remedy: "the download was cut off: download the file again",
  });

/**
 * Length of the JSON header from the first eight bytes of a file of `fileBytes`.
 * @throws SiftError `safetensors-invalid`, `safetensors-truncated`.
 */
export function headerLength(firstBytes: Uint8Array, file: string, fileBytes: number): number {
  if (firstBytes.length < 8) throw truncated("a safetensors file has at least 8 bytes", file, fileBytes);
  const length = Number(new DataView(firstBytes.buffer, firstBytes.byteOffset, 8).getBigUint64(0, true));
  if (length < 2 || length > MAX_HEADER_BYTES) throw invalid(`${length} is no length of a safetensors header`, file);
  if (8 + length > fileBytes) throw truncated(`the header has ${length} bytes`, file, fileBytes);
  return length;
}

/**
 * The header from its JSON bytes; `fileBytes` is the size of the whole file.
 * @throws SiftError `safetensors-invalid`, `safetensors-truncated`.
 */
export function parseHeader(json: Uint8Array, file: string, fileBytes: number): SafetensorsHeader {
  const parsed = parseJson(json, file);
  const tensors = new Map<string, SafetensorsEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(parsed)) {
    if (name === "__metadata__") metadata = parseMetadata(value);
    else tensors.set(name, parseEntry(name, value, file));
  }
  const dataStart = 8 + json.length;
  const needed = Math.max(0, ...[...tensors.values()].map((entry) => entry.end)) + dataStart;
  if (needed > fileBytes) {
    throw truncated(`the header promises ${needed} bytes`, file, fileBytes);
  }
  return { tensors, metadata, dataStart };
}

function parseJson(json: Uint8Array, file: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(json));
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch {
    // reported below
  }
  throw invalid("the header is not a JSON object", file);
}

const parseMetadata = (value: unknown): Record<string, string> =>
  typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === "string"))
    : {};

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

function parseEntry(name: string, value: unknown, file: string): SafetensorsEntry {
  const {
    dtype,
    shape,
    data_offsets: offsets,
  } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const [start, end] = Array.isArray(offsets) ? (offsets as unknown[]) : [];
  if (typeof dtype !== "string" || !Array.isArray(shape) || !shape.every(isCount) || !isCount(start) || !isCount(end)) {
    throw invalid("the header's entry needs dtype, shape and data_offsets", file, name);
  }
  const bytes = (DTYPE_BYTES[dtype] ?? 0) * shape.reduce((a, b) => a * b, 1);
  if (DTYPE_BYTES[dtype] !== undefined && end - start !== bytes) {
    throw invalid(`${dtype}[${shape.join(", ")}] has ${bytes} bytes, the header says ${end - start}`, file, name);
  }
  return { dtype, shape, start, end };
}

/** Header bytes (length included) of tensors (float32 where no type is named) laid out in the given order, padded to a multiple of 8. */
export function encodeHeader(
  tensors: readonly { readonly name: string; readonly shape: readonly number[]; readonly dtype?: string }[],
  metadata: Readonly<Record<string, string>> = { format: "pt" },
): Uint8Array {
  let offset = 0;
  const entries = tensors.map(({ name, shape, dtype = "F32" }) => {
    const start = offset;
    offset += (DTYPE_BYTES[dtype] ?? 0) * shape.reduce((a, b) => a * b, 1);
    return [name, { dtype, shape, data_offsets: [start, offset] }] as const;
  });
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  const text = new TextEncoder().encode(json);
  const bytes = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - 8), true);
  bytes.set(text, 8);
  return bytes;
}

/** bfloat16 is the upper half of a float32. */
export function bfloat16ToFloat32(source: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, source.length);
  for (let i = 0; i < source.length; i++) bits[i] = (source[i] ?? 0) << 16;
}

/** IEEE 754 half precision, subnormals and infinities included. */
export function float16ToFloat32(source: Uint16Array, target: Float32Array): void {
  for (let i = 0; i < source.length; i++) target[i] = HALF[source[i] ?? 0] ?? 0;
}

const HALF = new Float32Array(65536).map((_, bits) => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
});
