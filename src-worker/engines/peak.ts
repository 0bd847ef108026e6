import { GraphBuilder } from "#worker/graph/builder.ts";
import type { Engine } from "./engine.ts";

/** A product of the size that training a small model is made of, large enough to keep every core busy. */
const SHAPE = { rows: 1024, inner: 896, columns: 4864 };
const FLOPS = 2 * SHAPE.rows * SHAPE.inner * SHAPE.columns;
const BUDGET_MS = 500;
const MAX_RUNS = 5;

/**
 * The fastest of a few float32 matrix products on this engine, in floating point operations a second: what a step's speed is
 * a share of. Takes about half a second; its buffers are released.
 */
export async function matmulPeak(engine: Engine): Promise<number> {
  const b = new GraphBuilder("matmul-peak");
  const x = b.buffer("peak.x", [SHAPE.rows, SHAPE.inner]);
  const w = b.buffer("peak.w", [SHAPE.columns, SHAPE.inner]);
  const into = b.buffer("peak.y", [SHAPE.rows, SHAPE.columns]);
  b.output("peak.y", b.gemm(x, w, { transB: true }), "peak.y");
  const buffers = { "peak.x": b.type(x), "peak.w": b.type(w), "peak.y": b.type(into) };
  for (const [name, { shape }] of Object.entries(buffers)) engine.allocate(name, shape.map(Number));
  const program = await engine.compile(b.finish());
  try {
    await program.run({});
    let best = Infinity;
    const start = performance.now();
    for (let run = 0; run < MAX_RUNS && performance.now() - start < BUDGET_MS; run++) {
      const from = performance.now();
      await program.run({});
      best = Math.min(best, performance.now() - from);
    }
    return FLOPS / (best / 1000);
  } finally {
    await program.dispose();
    for (const name of Object.keys(buffers)) engine.release(name);
  }
}
