import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { SiftError } from "#shared/errors.ts";
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  headerLength,
  parseHeader,
  type SafetensorsHeader,
} from "#shared/formats/safetensors.ts";

/** Where a tensor's bytes lie. */
export interface TensorLocation {
  readonly file: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Byte offset in the file. */
  readonly offset: number;
}

/** Read this much at a time where values are converted, so that a tensor is never held twice. */
const CONVERSION_VALUES = 1 << 20;

function withFile<T>(file: string, use: (descriptor: number) => T): T {
  const descriptor = openSync(file, "r");
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readFully(descriptor: number, target: Uint8Array, place: { offset: number; file: string }): void {
  let done = 0;
  while (done < target.length) {
    // one call reads 2 GB at most
    const wanted = Math.min(target.length - done, 1 << 30);
    const read = readSync(descriptor, target, done, wanted, place.offset + done);
    if (read === 0)
      throw new SiftError("safetensors-truncated", "the file ended early", { where: { file: place.file } });
    done += read;
  }
}

/** @throws SiftError `safetensors-invalid`, `safetensors-truncated`. */
export function readHeader(file: string): SafetensorsHeader {
  return withFile(file, (descriptor) => {
    const { size } = fstatSync(descriptor);
    const first = new Uint8Array(Math.min(8, size));
    readFully(descriptor, first, { offset: 0, file });
    const json = new Uint8Array(headerLength(first, file, size));
    readFully(descriptor, json, { offset: 8, file });
    return parseHeader(json, file, size);
  });
}

/** All tensors of a file with their places in it. */
export function locateTensors(file: string): Map<string, TensorLocation> {
  const header = readHeader(file);
  return new Map(
    [...header.tensors].map(([name, { dtype, shape, start }]) => [
      name,
      { file, dtype, shape, offset: header.dataStart + start },
    ]),
  );
}

export const READABLE_DTYPES = ["F32", "F16", "BF16"];

/** Reads a tensor as float32 into `target`, which has its size. */
export function readTensor(location: TensorLocation, target: Float32Array): void {
  const { file, dtype, offset } = location;
  withFile(file, (descriptor) => {
    if (dtype === "F32") {
      readFully(descriptor, new Uint8Array(target.buffer, target.byteOffset, target.byteLength), { offset, file });
      return;
    }
    const convert = dtype === "BF16" ? bfloat16ToFloat32 : float16ToFloat32;
    for (let start = 0; start < target.length; start += CONVERSION_VALUES) {
      const part = target.subarray(start, start + CONVERSION_VALUES);
      const halves = new Uint16Array(part.length);
      readFully(descriptor, new Uint8Array(halves.buffer), { offset: offset + 2 * start, file });
      convert(halves, part);
    }
  });
}
