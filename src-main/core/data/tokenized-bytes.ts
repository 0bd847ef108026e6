import { crc32 } from "node:zlib";
import type { RowFacts, RowNotice, TokenizedConversation } from "#shared/text/index.ts";

/** What the cache keeps of a row: tokenised, and where the prompts of its answers end. */
export interface CachedRow {
  readonly conversation: TokenizedConversation;
  readonly promptEnds: readonly number[];
}

/** Raised whenever the layout changes, or the same row under the same settings becomes something else. */
export const CACHE_FORMAT = 4;
/** Checksum, bytes of the JSON, tokens: 32 bits each. */
const HEAD = 12;

type Plain = Omit<TokenizedConversation, "ids" | "starts" | "ends" | "frame" | "notices"> & {
  readonly frame?: { readonly parts: NonNullable<TokenizedConversation["frame"]>["parts"]; readonly owners: number[] };
  readonly notices: readonly Omit<RowNotice, "row">[];
  readonly facts: RowFacts;
  readonly promptEnds: readonly number[];
};

/** Compact: what is not a column as JSON, each token as three variable-length numbers (id, gap before it, length). */
export function packRow({ conversation, promptEnds }: CachedRow): Buffer {
  const { ids, starts, ends, frame, notices, ...rest } = conversation;
  const plain: Plain = {
    ...rest,
    ...(frame ? { frame: { parts: frame.parts, owners: Array.from(frame.owners) } } : {}),
    notices: notices.map(({ code, message }) => ({ code, message })),
    promptEnds,
  };
  const json = Buffer.from(JSON.stringify(plain));
  const bytes = Buffer.allocUnsafe(HEAD + json.length + ids.length * 15);
  bytes.writeUInt32LE(json.length, 4);
  bytes.writeUInt32LE(ids.length, 8);
  json.copy(bytes, HEAD);
  let at = HEAD + json.length;
  let previous = 0;
  for (let i = 0; i < ids.length; i++) {
    const [start, end] = [starts[i] ?? 0, ends[i] ?? 0];
    at = writeNumber(bytes, at, ids[i] ?? 0);
    at = writeNumber(bytes, at, signed(start - previous));
    at = writeNumber(bytes, at, signed(end - start));
    previous = end;
  }
  const packed = bytes.subarray(0, at);
  packed.writeUInt32LE(crc32(packed.subarray(4)), 0);
  return packed;
}

/** @param row the row's place now, for its notices. @returns undefined where the bytes are damaged */
export function unpackRow(bytes: Buffer, row: number): CachedRow | undefined {
  if (bytes.length < HEAD || bytes.readUInt32LE(0) !== crc32(bytes.subarray(4))) return undefined;
  const jsonEnd = HEAD + bytes.readUInt32LE(4);
  const length = bytes.readUInt32LE(8);
  const parsed = JSON.parse(bytes.toString("utf8", HEAD, jsonEnd)) as Plain; // our own bytes, and the checksum holds
  const { frame, notices, promptEnds, ...rest } = parsed;
  const conversation: TokenizedConversation = {
    ...rest,
    ...unpackTokens(bytes.subarray(jsonEnd), length),
    ...(frame ? { frame: { parts: frame.parts, owners: Int16Array.from(frame.owners) } } : {}),
    notices: notices.map((notice) => ({ ...notice, row })),
  };
  return { conversation, promptEnds };
}

function unpackTokens(bytes: Buffer, length: number): Pick<TokenizedConversation, "ids" | "starts" | "ends"> {
  const [ids, starts, ends] = [new Int32Array(length), new Int32Array(length), new Int32Array(length)];
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  };
  let previous = 0;
  for (let i = 0; i < length; i++) {
    ids[i] = next();
    const start = previous + unsigned(next());
    previous = start + unsigned(next());
    starts[i] = start;
    ends[i] = previous;
  }
  return { ids, starts, ends };
}

function writeNumber(bytes: Buffer, from: number, value: number): number {
  let at = from;
  let left = value;
  while (left >= 128) {
    bytes[at++] = (left & 127) | 128;
    left >>>= 7;
  }
  bytes[at++] = left;
  return at;
}

/** Small negative numbers stay small: 0, -1, 1, -2, … */
const signed = (value: number): number => ((value << 1) ^ (value >> 31)) >>> 0;
const unsigned = (value: number): number => (value >>> 1) ^ -(value & 1);
