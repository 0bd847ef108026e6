import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { encodeWith } from "#main/core/data/encode-batch.ts";
import { encodeBatches } from "#main/core/data/pool.ts";
import type { RowsResult, ThreadRow } from "#main/core/data/thread-protocol.ts";
import { UNREVIEWED } from "#main/core/store/reviews.ts";
import { benchRow } from "../../../bench/rows.ts";
import { repositoryRoot } from "../../shared.ts";

const settings = {
  modelPath: join(repositoryRoot, "resources", "sample", "model"),
  template: { kind: "preset", name: "chatml-human" },
} as const;

function threadRows(count: number): ThreadRow[] {
  return Array.from({ length: count }, (_, index) => {
    const row = { index, rowId: "", review: UNREVIEWED };
    if (index % 100 === 7) return { ...row, raw: "", error: { code: "row-json", message: `no row at ${index}` } };
    return { ...row, raw: index % 100 === 8 ? '{"messages": 1}' : benchRow(index) };
  });
}

// eslint-disable-next-line @typescript-eslint/require-await -- what a reader of files is
async function* batches(rows: readonly ThreadRow[], size: number): AsyncGenerator<readonly ThreadRow[]> {
  for (let at = 0; at < rows.length; at += size) yield rows.slice(at, at + size);
}

async function all(results: AsyncIterable<RowsResult>): Promise<RowsResult[]> {
  const found: RowsResult[] = [];
  for await (const result of results) found.push(result);
  return found;
}

describe("rows in threads", () => {
  const rows = threadRows(900);

  it("come back in order, each as without threads, bad rows in their places", async () => {
    const here = encodeWith({ settings, want: "lines" })(rows);
    const threaded = await all(encodeBatches({ settings, want: "lines" }, batches(rows, 40), { threads: 3 }));
    expect(threaded).toHaveLength(23);
    expect(threaded.map(({ lines }) => lines).join("")).toBe(here.lines);
    expect(threaded.reduce((sum, { failed }) => sum + failed, 0)).toBe(18);
    expect(here.failed).toBe(18);
    const printed = here.lines.trimEnd().split("\n");
    expect(printed.map((line) => (JSON.parse(line) as { row: number }).row)).toEqual(rows.map(({ index }) => index));
    expect(printed[7]).toBe('{"row":7,"error":"row-json: no row at 7"}');
  });

  it("are read only a little ahead of what is taken", async () => {
    let read = 0;
    const counting = async function* (): AsyncGenerator<readonly ThreadRow[]> {
      for await (const batch of batches(rows, 10)) {
        read += 1;
        yield batch;
      }
    };
    for await (const _ of encodeBatches({ settings, want: "lines" }, counting(), { threads: 1 })) break;
    expect(read).toBeLessThan(60);
  });

  it("stop where a template is wrong, with its place", async () => {
    const template = { kind: "text", source: "{{ messages", name: "broken.jinja" } as const;
    const spec = { settings: { ...settings, template }, want: "lines" } as const;
    await expect(all(encodeBatches(spec, batches(rows, 40), { threads: 1 }))).rejects.toMatchObject({
      code: "template-syntax",
      where: { line: 1 },
    });
  });

  it("end when they are cancelled", async () => {
    const abort = new AbortController();
    const results = encodeBatches({ settings, want: "facts" }, batches(rows, 40), { threads: 1, signal: abort.signal });
    await results.next();
    abort.abort();
    await expect(results.next()).rejects.toMatchObject({ code: "cancelled" });
  });
});
