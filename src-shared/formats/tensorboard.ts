/**
 * TensorBoard event files: TFRecords of `tensorflow.Event` messages (tensorflow/core/util/event.proto and
 * lib/io/record_writer.cc). A record is length (uint64), masked CRC-32C of it, data, masked CRC-32C of the data.
 */

/** First record of every event file. `wallTime` in seconds since the epoch. */
export function fileVersionRecord(wallTime: number): Uint8Array {
  return record([...doubleField(1, wallTime), ...bytesField(3, utf8("brain.Event:2"))]);
}

/** One record with a scalar for each tag at `step`. */
export function scalarsRecord(wallTime: number, step: number, scalars: Readonly<Record<string, number>>): Uint8Array {
  const values = Object.entries(scalars).flatMap(([tag, value]) =>
    bytesField(1, [...bytesField(1, utf8(tag)), ...floatField(2, value)]),
  );
  return record([...doubleField(1, wallTime), ...varintField(2, step), ...bytesField(5, values)]);
}

/** Name that TensorBoard looks for. */
export function eventFileName(wallTime: number, host: string, processId: number): string {
  return `events.out.tfevents.${Math.floor(wallTime)}.${host}.${processId}.0`;
}

function record(data: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(16 + data.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(bytes.subarray(12, 12 + data.length)), true);
  return bytes;
}

// Protocol buffers: a field is (number << 3 | wire type) and its payload; 0 varint, 1 eight bytes, 2 length and bytes, 5 four.
const varintField = (field: number, value: number): number[] => [...varint(field << 3), ...varint(value)];
const bytesField = (field: number, bytes: readonly number[]): number[] => [
  ...varint((field << 3) | 2),
  ...varint(bytes.length),
  ...bytes,
];
const doubleField = (field: number, value: number): number[] => [
  ...varint((field << 3) | 1),
  ...new Uint8Array(new Float64Array([value]).buffer),
];
const floatField = (field: number, value: number): number[] => [
  ...varint((field << 3) | 5),
  ...new Uint8Array(new Float32Array([value]).buffer),
];

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

function utf8(text: string): number[] {
  const encoded = encodeURIComponent(text).match(/%[0-9A-F]{2}|./g) ?? [];
  return encoded.map((part) => (part.length === 3 ? parseInt(part.slice(1), 16) : part.charCodeAt(0)));
}

/** CRC-32C (Castagnoli, reflected 0x82F63B78). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
});

/** TFRecord masks its checksums: rotated right by 15 bits plus a constant. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
