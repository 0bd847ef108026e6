import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { sharedPath } from "../../shared.ts";
import { sift } from "./sift.ts";

interface Line {
  readonly row: number;
  readonly ids?: number[];
  readonly labels?: number[];
  readonly truncated?: number;
  readonly error?: string;
}
const lines = (text: string): Line[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

const tokenizer = sharedPath("tokenizers", "qwen2_5") ?? "";
const data = (name: string) => sharedPath("datasets", name) ?? name;

/** Oracle, data file, template, more flags. */
const ORACLES = [
  ["belle_267.seed", "belle_267.jsonl", "chatml-human", ["--max_length", "2048"]],
  ["belle_267.qwen3_training", "belle_267.jsonl", "qwen3_training.jinja", []],
  ["sharegpt_zh_1k.seed", "sharegpt_zh_1k.jsonl", "chatml-human", ["--max-length=2048"]],
  ["alpaca_history_zh.qwen2_5_training", "alpaca_history_zh.json", "qwen2_5_training.jinja", []],
  ["glaive_en.qwen2_5_training", "glaive_toolcall_en_demo.json", "qwen2_5_training.jinja", []],
] as const;

describe.skipIf(tokenizer === "")("encode equals the reference libraries (needs shared/)", () => {
  test.each(ORACLES)("%s", async (oracle, file, template, more) => {
    const packed = await readFile(sharedPath("oracles", "masks", `${oracle}.jsonl.gz`) ?? "");
    const expected = lines(gunzipSync(packed).toString("utf8"));
    const limit = String((expected.at(-1)?.row ?? 0) + 1);
    const choice = template.endsWith(".jinja") ? (sharedPath("templates", template) ?? "") : template;
    const flags = ["--data", data(file), "--tokenizer", tokenizer, "--template", choice, "--limit", limit, ...more];
    const { stdout } = await sift(["encode", ...flags]);
    const printed = new Map(lines(stdout).map((line) => [line.row, line]));
    expect(printed.size).toBe(Number(limit));
    for (const { row, ids, labels } of expected) expect(printed.get(row)).toMatchObject({ row, ids, labels });
  });
});

describe.skipIf(tokenizer === "")("encode", () => {
  let folder: string;
  let file: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sift 编码 "));
    file = join(folder, "rows.jsonl");
    const good = {
      messages: [
        { role: "user", content: "hi" },
        { role: "assistant", content: "hello there" },
      ],
    };
    const odd = {
      messages: [
        { role: "user", content: "hi" },
        { role: "wizard", content: "abracadabra" },
        { role: "assistant", content: "hello" },
      ],
    };
    const light = {
      messages: [
        { role: "user", content: "hi" },
        { role: "assistant", content: "hello", weight: 0.5 },
      ],
    };
    await writeFile(
      file,
      [JSON.stringify(good), "", "{ broken", JSON.stringify(odd), JSON.stringify(light)].join("\n"),
    );
  });
  const flags = (...more: string[]) => [
    "--data",
    file,
    "--tokenizer",
    tokenizer,
    "--template",
    "chatml-human",
    ...more,
  ];

  test("rows that fail are lines too, the others are printed all the same, 1", async () => {
    const { code, stdout } = await sift(["encode", ...flags()]);
    expect(code).toBe(1);
    const rows = lines(stdout);
    expect(rows.map(({ row, error }) => [row, error === undefined])).toEqual([
      [0, true],
      [1, false],
      [2, false],
      [3, true],
    ]);
    expect(rows[2]?.error).toMatch(/wizard/);
  });
  test("weights are printed where a message has one", async () => {
    const rows = lines((await sift(["encode", ...flags()])).stdout);
    expect(rows[0]).not.toHaveProperty("weights");
    expect(rows[3]).toMatchObject({ weights: expect.arrayContaining([0.5]) as number[] });
  });
  test("--max_length cuts at the end and says by how much", async () => {
    const [whole] = lines((await sift(["encode", ...flags("--limit", "1")])).stdout);
    const [cut] = lines((await sift(["encode", ...flags("--limit", "1", "--max_length", "10")])).stdout);
    expect(cut?.ids).toEqual(whole?.ids?.slice(0, 10));
    expect(cut?.truncated).toBe((whole?.ids?.length ?? 0) - 10);
  });
  test.each([
    [["--mask", "bogus"], /Allowed choices/],
    [["--max_length", "0"], /at least 1/],
    [["--template", "nowhere.jinja"], /no file nowhere\.jinja/],
    [["--data", "nowhere.jsonl"], /no file nowhere\.jsonl/],
    [["--tokenizer", "nowhere"], /no folder nowhere/],
  ])("%j is wrong usage: 2 and nothing on stdout", async (wrong, message) => {
    const { code, stdout, stderr } = await sift(["encode", ...flags(...wrong)]);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
  });
  test("a template that does not parse is named with line and column: 2", async () => {
    const template = join(folder, "bad.jinja");
    await writeFile(template, "{{ bos_token }}\n{% for m in messages %}{{ m.content }");
    const { code, stderr } = await sift(["encode", ...flags("--template", template)]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/bad\.jinja:2:37/);
  });

  test("prove names the rows: 1", async () => {
    const { code, stdout } = await sift(["prove", "--json", ...flags()]);
    expect(code).toBe(1);
    const report = JSON.parse(stdout) as {
      rows: number;
      tokens: number;
      supervised_tokens: number;
      findings: object[];
    };
    expect(report).toMatchObject({ rows: 4, findings: [{ class: "unencodable", count: 2, rows: [1, 2] }] });
    expect(report.supervised_tokens).toBeGreaterThan(0);
    expect(report.tokens).toBeGreaterThan(report.supervised_tokens);
  });
  test("prove names what an option asks for, and passes: 0", async () => {
    const asked = await sift(["prove", "--json", ...flags("--limit", "1", "--train_on_eos", "none")]);
    const { findings } = JSON.parse(asked.stdout) as { findings: object[] };
    expect(findings).toEqual([{ class: "untrained-end-of-turn", count: 1, rows: [0], by_choice: true }]);
    expect(asked.code).toBe(0);
    // beside it another class still fails the proof
    expect((await sift(["prove", ...flags("--train_on_eos", "none")])).code).toBe(1);
  });
  test("prove passes where nothing is found: 0", async () => {
    expect((await sift(["prove", ...flags("--limit", "1")])).code).toBe(0);
  });
  test("audit judges a set that another trainer prepared", async () => {
    const prepared = join(folder, "prepared.jsonl");
    const everything = { input_ids: [1, 2, 3], labels: [1, 2, 3] };
    const nothing = { input_ids: [1, 2, 3], labels: [-100, -100, -100] };
    await writeFile(prepared, [everything, nothing].map((row) => JSON.stringify(row)).join("\n"));
    const { code, stdout } = await sift(["audit", prepared, "--tokenizer", tokenizer, "--json"]);
    expect(code).toBe(1);
    const { findings } = JSON.parse(stdout) as { findings: { class: string; rows: number[] }[] };
    expect(findings).toContainEqual({ class: "no-scored-token", count: 1, rows: [1] });
    expect(findings).toContainEqual({ class: "everything-scored", count: 1, rows: [0] });
  });
});
