import { cpSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { AuditReport } from "#main/core/prepared/audit.ts";
import { repositoryRoot } from "../../shared.ts";
import { sift } from "./sift.ts";

const oracles = join(repositoryRoot, "test", "oracles", "audit");
const tokenizer = join(repositoryRoot, "node_modules", "@lenml", "tokenizer-qwen2_5", "models");
const template = join(oracles, "template.jinja");
const source = join(oracles, "source.jsonl");

interface Expected {
  readonly rows?: number;
  readonly tokens?: number;
  readonly supervised_tokens?: number;
  readonly findings: Readonly<Record<string, readonly number[]>>;
}
const expected = JSON.parse(readFileSync(join(oracles, "expected.json"), "utf8")) as Record<string, Expected>;

async function audit(path: string, ...more: string[]): Promise<AuditReport> {
  const flags = ["audit", path, "--tokenizer", tokenizer, "--template", template, "--json", ...more];
  return JSON.parse((await sift(flags)).stdout) as AuditReport;
}

describe("sets that datasets and TRL wrote (test/oracles/audit/make.py)", () => {
  test.each(Object.entries(expected))("%s", async (name, { findings, ...counts }) => {
    const report = await audit(join(oracles, name));
    expect(report).toMatchObject(counts);
    expect(Object.fromEntries(report.findings.map((each) => [each.class, each.rows]))).toEqual(findings);
    for (const { count, rows } of report.findings) expect(count).toBe(rows.length);
  });

  test.each(["axolotl", "trl-assistant", "trl-packed"])("%s is what Sift would train", async (name) => {
    const { source: compared } = await audit(join(oracles, name), "--source", source);
    expect(compared).toMatchObject({ rows: 20, same: 20, labels_differ: 0, ids_differ: 0, unknown: 0, missing: 0 });
  });

  test("names what an other trainer left out, token by token", async () => {
    const { source: compared } = await audit(join(oracles, "fault-no-end-of-turn"), "--source", source);
    expect(compared).toMatchObject({ same: 10, labels_differ: 10, ids_differ: 0 });
    expect(compared?.differences[0]).toMatchObject({
      row: 0,
      source_row: 0,
      kind: "labels",
      tokens: 1,
      theirs: '"<|im_end|>" ignored',
      sift: '"<|im_end|>" trained',
    });
    const cut = (await audit(join(oracles, "fault-truncated"), "--source", source)).source;
    expect(cut).toMatchObject({ same: 10, ids_differ: 10 });
    expect(cut?.differences[0]).toMatchObject({ row: 2, kind: "ids", theirs: "(end)" });
  });

  test("one split of several", async () => {
    expect((await audit(join(oracles, "llamafactory"), "--split", "validation")).rows).toBe(5);
    const { code, stderr } = await sift([
      "audit",
      join(oracles, "llamafactory"),
      "--tokenizer",
      tokenizer,
      "--split",
      "test",
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("train, validation");
  });

  test("the exit code says whether something was found", async () => {
    const run = async (name: string) =>
      (await sift(["audit", join(oracles, name), "--tokenizer", tokenizer, "--template", template])).code;
    expect(await run("axolotl")).toBe(0);
    expect(await run("fault-truncated")).toBe(1);
  });
});

describe("sets that are damaged", () => {
  const copy = async (name: string): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), "sift audit "));
    cpSync(join(oracles, name), folder, { recursive: true });
    return folder;
  };
  const failure = async (path: string): Promise<string> => {
    const { code, stderr } = await sift(["audit", path, "--tokenizer", tokenizer]);
    expect(code).toBe(2);
    return stderr;
  };

  test("an Arrow file that ends too early", async () => {
    const folder = await copy("axolotl");
    truncateSync(join(folder, "data-00000-of-00001.arrow"), 9000);
    expect(await failure(folder)).toMatch(/prepared-damaged.*data-00000-of-00001\.arrow/);
  });

  test("bytes that are no Arrow file at all", async () => {
    const folder = await copy("axolotl");
    writeFileSync(join(folder, "data-00000-of-00001.arrow"), "not arrow, just text that somebody renamed".repeat(50));
    expect(await failure(folder)).toContain("prepared-damaged");
  });

  test("a shard that is missing, and a description that is no JSON", async () => {
    const folder = await copy("axolotl");
    writeFileSync(join(folder, "state.json"), JSON.stringify({ _data_files: [{ filename: "data-9.arrow" }] }));
    expect(await failure(folder)).toContain("data-9.arrow");
    writeFileSync(join(folder, "state.json"), "{");
    expect(await failure(folder)).toContain("prepared-damaged");
  });

  test("a set without tokens, and a Parquet file that is none", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sift audit "));
    writeFileSync(join(folder, "x.parquet"), "PAR1 no");
    expect(await failure(folder)).toContain("prepared-damaged");
    const empty = await mkdtemp(join(tmpdir(), "sift audit "));
    expect(await failure(empty)).toContain("prepared-format");
  });
});

describe("encode --format hf", () => {
  test("writes a folder that holds what encode prints", async () => {
    const folder = join(await mkdtemp(join(tmpdir(), "sift hf ")), "set");
    const flags = ["encode", "--data", source, "--tokenizer", tokenizer, "--template", template];
    const { code } = await sift([...flags, "--format", "hf", "--output", folder]);
    expect(code).toBe(0);
    const { source: compared, ...report } = await audit(folder, "--source", source);
    expect(report).toMatchObject({ rows: 20, tokens: 1301, supervised_tokens: 235, findings: [] });
    expect(compared).toMatchObject({ same: 20, missing: 0 });
    const again = await sift([...flags, "--format", "hf", "--output", folder]);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("output-not-empty");
  });

  test("needs a folder", async () => {
    const { code, stderr } = await sift(["encode", "--data", source, "--tokenizer", tokenizer, "--format", "hf"]);
    expect(code).toBe(2);
    expect(stderr).toContain("--output");
  });
});

test("a dataset of the workbench goes out and comes back as such a folder", async () => {
  const work = await mkdtemp(join(tmpdir(), "sift-export-"));
  const home = ["--home", join(work, "home")];
  const folder = join(work, "out");
  expect((await sift(["import", source, "--name", "rows", ...home])).code).toBe(0);
  const flags = ["--format", "hf", "--tokenizer", tokenizer, "--template", template, "--output", folder];
  const exported = await sift(["export", "dataset", "rows", ...flags, ...home, "--json"]);
  expect(JSON.parse(exported.stdout)).toMatchObject({ rows: 20 });
  const { findings, source: compared } = await audit(folder, "--source", source);
  expect([findings, compared?.same]).toEqual([[], 20]);
  const back = await sift(["import", folder, "--name", "back", "--tokenizer", tokenizer, ...home, "--json"]);
  expect(JSON.parse(back.stdout)).toMatchObject({ rows: 20, badRows: 0 });
});
