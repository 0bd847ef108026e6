import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { encodeHeader } from "#shared/formats/safetensors.ts";
import { extendWeights } from "#worker/models/extend.ts";
import { locateTensors, readTensor } from "#worker/models/tensors.ts";

const DTYPES = ["F32", "F16", "BF16"] as const;
/** Values that each type holds exactly: upper halves for bfloat16, few bits for half precision. */
const ROWS = [
  [1, -2, 0.5],
  [3, 2, -0.5],
  [100, 100, 100], // a spare row of a padded table
];

function bytesOf(values: readonly number[], dtype: (typeof DTYPES)[number]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * (dtype === "F32" ? 4 : 2)));
  values.forEach((value, i) => {
    if (dtype === "F32") return view.setFloat32(4 * i, value, true);
    const single = new DataView(new ArrayBuffer(4));
    single.setFloat32(0, value);
    if (dtype === "BF16") return view.setUint16(2 * i, single.getUint16(0), true);
    const half = value === 0 ? 0 : (Math.floor(Math.log2(Math.abs(value))) + 15) << 10;
    const fraction = Math.abs(value) / 2 ** Math.floor(Math.log2(Math.abs(value))) - 1;
    view.setUint16(2 * i, (value < 0 ? 0x8000 : 0) | half | (fraction * 1024), true);
  });
  return new Uint8Array(view.buffer);
}

describe("rows for new tokens", () => {
  it.each(DTYPES)("begin as the mean of the tokens' rows, in spare rows and behind them (%s)", (dtype) => {
    const folder = mkdtempSync(join(tmpdir(), "sift-extend-"));
    const target = join(folder, "out");
    mkdirSync(target);
    const file = join(folder, "model.safetensors");
    const tensors = [
      { name: "model.norm.weight", shape: [3], dtype, values: [7, 8, 9] },
      { name: "model.embed_tokens.weight", shape: [3, 3], dtype, values: ROWS.flat() },
      { name: "lm_head.weight", shape: [3, 3], dtype, values: ROWS.flat().map((value) => -value) },
    ];
    writeFileSync(file, Buffer.concat([encodeHeader(tensors), ...tensors.map(({ values }) => bytesOf(values, dtype))]));
    const grown = extendWeights({ files: [file], targetDir: target, rows: 4, knownRows: 2, newRows: [2, 3] });
    expect(grown).toBe(2 * 3 * (dtype === "F32" ? 4 : 2));
    const made = locateTensors(join(target, "model.safetensors"));
    const read = (name: string): number[] => {
      const location = made.get(name);
      if (!location) throw new Error(name);
      const values = new Float32Array(location.shape.reduce((a, b) => a * b, 1));
      readTensor(location, values);
      return [...values];
    };
    expect(made.get("model.embed_tokens.weight")).toMatchObject({ dtype, shape: [4, 3] });
    const mean = [2, 0, 0];
    expect(read("model.embed_tokens.weight")).toEqual([...(ROWS[0] ?? []), ...(ROWS[1] ?? []), ...mean, ...mean]);
    expect(read("lm_head.weight").slice(6)).toEqual(
      [-2, 0, 0, -2, 0, 0].map((value) => expect.closeTo(value, 6) as number),
    );
    expect(read("model.norm.weight")).toEqual([7, 8, 9]);
    rmSync(folder, { recursive: true });
  });

  it("need a table", () => {
    const folder = mkdtempSync(join(tmpdir(), "sift-extend-"));
    const file = join(folder, "model.safetensors");
    const tensors = [{ name: "x", shape: [1] }];
    writeFileSync(file, Buffer.concat([encodeHeader(tensors), new Uint8Array(4)]));
    const out = join(folder, "out");
    mkdirSync(out);
    const extend = (): number => extendWeights({ files: [file], targetDir: out, rows: 2, knownRows: 1, newRows: [1] });
    expect(extend).toThrow(expect.objectContaining({ code: "model-tensor-missing" }));
    rmSync(folder, { recursive: true });
  });
});
