import { afterEach, expect, test } from "vitest";
import { float, int, type HostTensor } from "#worker/engines/engine.ts";
import { OrtEngine } from "#worker/engines/ort/engine.ts";
import { GraphBuilder } from "#worker/graph/builder.ts";
import { randomValues } from "./random.ts";

const engines: OrtEngine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});
function newEngine(threads = 2): OrtEngine {
  const engine = new OrtEngine({ threads });
  engines.push(engine);
  return engine;
}

test("buffers are named, filled, read as a copy and released", async () => {
  const engine = newEngine();
  engine.allocate("weight", [2, 3]);
  engine.load("weight", (target) => target.set([1, 2, 3, 4, 5, 6]));
  const copy = await engine.read("weight");
  copy.fill(0);
  expect([...(await engine.read("weight"))]).toEqual([1, 2, 3, 4, 5, 6]);
  expect(engine.shape("weight")).toEqual([2, 3]);
  expect(() => engine.allocate("weight", [1])).toThrow("exists already");
  engine.release("weight");
  expect(engine.has("weight")).toBe(false);
  expect(() => engine.shape("weight")).toThrow('no buffer "weight"');
});

test("a missing feed is named", async () => {
  const b = new GraphBuilder("feeds");
  b.output("y", b.sqrt(b.feed("x", { dtype: "f32", shape: ["n"] })));
  const program = await newEngine().compile(b.finish());
  await expect(program.run({})).rejects.toThrow('needs a value for "x"');
  expect([...((await program.run({ x: float(Float32Array.of(4, 9)) })).y?.data ?? [])]).toEqual([2, 3]);
});

test("updates in place equal those into fresh memory, bit for bit", async () => {
  const rows = 64;
  const inputs = {
    a: randomValues(rows * 48, 1),
    b: randomValues(rows * 32, 2),
    c: randomValues(48 * 32, 3),
    m: randomValues(48 * 32, 4),
  };
  const build = (inPlace: boolean) => {
    const b = new GraphBuilder("update");
    const tensor = (name: string, shape: number[]) =>
      inPlace ? b.buffer(name, shape) : b.feed(name, { dtype: "f32", shape });
    const c = tensor("c", [48, 32]);
    const m = tensor("m", [48, 32]);
    const product = b.gemm(
      b.feed("a", { dtype: "f32", shape: [rows, 48] }),
      b.feed("b", { dtype: "f32", shape: [rows, 32] }),
      { transA: true },
    );
    const moment = b.add(b.affine(m, 0.9), b.affine(product, 0.1));
    b.output(
      "c",
      b.add(
        c,
        b.gemm(b.feed("a", { dtype: "f32", shape: [rows, 48] }), b.feed("b", { dtype: "f32", shape: [rows, 32] }), {
          transA: true,
        }),
      ),
      ...(inPlace ? (["c"] as const) : []),
    );
    b.output("m", b.sub(b.mul(moment, moment), moment), ...(inPlace ? (["m"] as const) : []));
    return b.finish();
  };
  const engine = newEngine();
  for (const name of ["c", "m"] as const) {
    engine.allocate(name, [48, 32]);
    engine.load(name, (target) => target.set(inputs[name]));
  }
  const feeds = { a: float(inputs.a, [rows, 48]), b: float(inputs.b, [rows, 32]) };
  const fresh = await (
    await engine.compile(build(false))
  ).run({ ...feeds, c: float(inputs.c, [48, 32]), m: float(inputs.m, [48, 32]) });
  await (await engine.compile(build(true))).run(feeds);
  for (const name of ["c", "m"] as const) expect(await engine.read(name)).toEqual(fresh[name]?.data);
});

test("rows scattered on repeated indices all arrive, at any thread count", async () => {
  const [count, width, table] = [4000, 64, 7];
  const indices = Int32Array.from({ length: count }, (_, i) => (i * i) % table);
  const rows = randomValues(count * width, 5);
  const wanted = new Float64Array(table * width);
  rows.forEach((value, i) => {
    const at = (indices[Math.floor(i / width)] ?? 0) * width + (i % width);
    wanted[at] = (wanted[at] ?? 0) + value;
  });
  const results: (HostTensor["data"] | undefined)[] = [];
  for (const threads of [1, 2, 4]) {
    const b = new GraphBuilder("scatter");
    const base = b.feed("base", { dtype: "f32", shape: [table, width] });
    b.output(
      "y",
      b.scatterAddRows(
        base,
        b.feed("indices", { dtype: "i32", shape: ["m"] }),
        b.feed("rows", { dtype: "f32", shape: ["m", width] }),
      ),
    );
    const program = await newEngine(threads).compile(b.finish());
    const feeds = {
      base: float(new Float32Array(table * width), [table, width]),
      indices: int(indices),
      rows: float(rows, [count, width]),
    };
    for (let run = 0; run < 3; run++) results.push((await program.run(feeds)).y?.data);
  }
  for (const result of results) expect(result).toEqual(results[0]);
  expect(Math.max(...wanted.map((value, i) => Math.abs(value - (results[0]?.[i] ?? NaN))))).toBeLessThan(1e-3);
});

test("a dropout mask has its rate, depends on seed and stream, and repeats", async () => {
  const b = new GraphBuilder("dropout");
  const x = b.feed("x", { dtype: "f32", shape: ["rows", 100] });
  const seed = b.feed("seed", { dtype: "i32", shape: [2] });
  for (const stream of [0, 1]) b.output(`mask${stream}`, b.dropoutMask(seed, x, { rate: 0.1, stream }));
  const program = await newEngine().compile(b.finish());
  const mask = async (seeds: readonly number[], name: string): Promise<number[]> => {
    const outputs = await program.run({
      x: float(new Float32Array(100_000), [1000, 100]),
      seed: int(Int32Array.from(seeds)),
    });
    return [...(outputs[name]?.data ?? [])];
  };
  const first = await mask([3, 4], "mask0");
  expect(new Set(first)).toEqual(new Set([0, Math.fround(1 / 0.9)]));
  const dropped = (values: readonly number[]): number => values.filter((value) => value === 0).length / values.length;
  expect(Math.abs(dropped(first) - 0.1)).toBeLessThan(0.004);
  // neighbours, in a row and in a column, are dropped independently: both with probability 0.01
  for (const distance of [1, 2, 100]) {
    const both = first.filter((value, i) => value === 0 && first[i + distance] === 0).length / first.length;
    expect(Math.abs(both - 0.01), `distance ${distance}`).toBeLessThan(0.002);
  }
  expect(await mask([3, 4], "mask0")).toEqual(first);
  const others = [await mask([3, 5], "mask0"), await mask([4, 4], "mask0"), await mask([3, 4], "mask1")];
  for (const other of others) {
    const agree = other.filter((value, i) => value === 0 && first[i] === 0).length / first.length;
    expect(Math.abs(agree - 0.01)).toBeLessThan(0.002);
  }
});
