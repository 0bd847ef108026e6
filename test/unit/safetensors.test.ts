import { describe, expect, test } from "vitest";
import {
  bfloat16ToFloat32,
  encodeHeader,
  float16ToFloat32,
  headerLength,
  parseHeader,
} from "#shared/formats/safetensors.ts";

const header = (entries: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(entries));
const code = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe("safetensors header", () => {
  test("what is written is read, padded to eight bytes", () => {
    const bytes = encodeHeader([
      { name: "a", shape: [2, 3] },
      { name: "b", shape: [] },
    ]);
    expect(bytes.length % 8).toBe(0);
    const length = headerLength(bytes, "f", 1000);
    expect(length).toBe(bytes.length - 8);
    const parsed = parseHeader(bytes.subarray(8), "f", bytes.length + 28);
    expect(parsed).toEqual({
      dataStart: bytes.length,
      metadata: { format: "pt" },
      tensors: new Map([
        ["a", { dtype: "F32", shape: [2, 3], start: 0, end: 24 }],
        ["b", { dtype: "F32", shape: [], start: 24, end: 28 }],
      ]),
    });
  });

  test("a file that is shorter than its header promises is truncated", () => {
    const json = header({ a: { dtype: "F32", shape: [4], data_offsets: [0, 16] } });
    expect(code(() => parseHeader(json, "f", 8 + json.length + 15))).toBe("safetensors-truncated");
    expect(parseHeader(json, "f", 8 + json.length + 16).tensors.size).toBe(1);
  });

  test.each([
    ["no object", []],
    ["an entry without shape", { a: { dtype: "F32", data_offsets: [0, 4] } }],
    ["a negative size", { a: { dtype: "F32", shape: [-1], data_offsets: [0, 4] } }],
    ["offsets that do not fit the shape", { a: { dtype: "F16", shape: [4], data_offsets: [0, 16] } }],
  ])("%s is invalid", (_, entries) => {
    expect(code(() => parseHeader(header(entries), "f", 1000))).toBe("safetensors-invalid");
  });

  test("an absurd length is refused before anything is read", () => {
    const bytes = new Uint8Array(8).fill(0xff);
    expect(code(() => headerLength(bytes, "f", 1000))).toBe("safetensors-invalid");
    expect(code(() => headerLength(bytes.subarray(0, 4), "f", 4))).toBe("safetensors-truncated");
  });
});

describe("half precision", () => {
  test("bfloat16 is the upper half of a float32", () => {
    const target = new Float32Array(4);
    bfloat16ToFloat32(Uint16Array.of(0x3f80, 0xc000, 0x7f80, 0x0001), target);
    expect([...target]).toEqual([1, -2, Infinity, 2 ** -133]);
  });

  test("float16 with its subnormals, largest value, infinities and NaN", () => {
    const bits = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0x3555);
    const target = new Float32Array(bits.length);
    float16ToFloat32(bits, target);
    const third = (1 + 341 / 1024) / 4;
    const smallest = 2 ** -24;
    expect([...target]).toEqual([
      1,
      -2,
      65504,
      2 ** -14,
      1023 * smallest,
      smallest,
      -0,
      Infinity,
      -Infinity,
      NaN,
      third,
    ]);
  });
});
