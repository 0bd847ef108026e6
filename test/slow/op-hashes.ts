import { createHash } from "node:crypto";
import { OrtEngine } from "#worker/engines/ort/engine.ts";
import { GraphBuilder } from "#worker/graph/builder.ts";
import { buildCase, OP_CASES } from "./op-cases.ts";

/** A process of its own: runs every operation so many times at so many threads and prints a line of its distinct hashes. */
const [runs = 20, threads = 2] = process.argv.slice(2).map(Number);

for (const [kind, make] of Object.entries(OP_CASES)) {
  const engine = new OrtEngine({ threads });
  const b = new GraphBuilder(kind);
  const feeds = buildCase(b, engine, make());
  const program = await engine.compile(b.finish());
  const hashes = new Set<string>();
  for (let run = 0; run < runs; run++) {
    const hash = createHash("sha256");
    for (const { data } of Object.values(await program.run(feeds))) {
      hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    hashes.add(hash.digest("hex"));
  }
  await engine.dispose();
  console.log(JSON.stringify([kind, [...hashes]]));
}
