import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { locateTensors, readTensor } from "#worker/models/tensors.ts";
import { loadTokenizer } from "#main/core/models/tokenizer.ts";
import { repositoryRoot } from "../../shared.ts";
import { newHome, sift } from "./sift.ts";

const sample = join(repositoryRoot, "resources", "sample", "model");
const TOKENS = ["<start_of_turn>", "<end_of_turn>"];
const EMBEDDING = "model.embed_tokens.weight";

interface Made {
  readonly path: string;
  readonly rows: number;
  readonly resized: boolean;
  readonly tokens: readonly { readonly content: string; readonly id: number }[];
}
const json = (file: string): Record<string, unknown> =>
  JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;

function table(folder: string): { rows: number; width: number; values: Float32Array } {
  const location = locateTensors(join(folder, "model.safetensors")).get(EMBEDDING);
  if (!location) throw new Error("no embedding");
  const [rows = 0, width = 0] = location.shape;
  const values = new Float32Array(rows * width);
  readTensor(location, values);
  return { rows, width, values };
}

describe("sift add-tokens", () => {
  let folder = "";
  let base = "";
  let data = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sift 词元 "));
    base = join(folder, "base");
    cpSync(sample, base, { recursive: true });
    rmSync(join(base, "chat_template.jinja"), { force: true });
    const { chat_template: _, ...config } = json(join(base, "tokenizer_config.json"));
    writeFileSync(join(base, "tokenizer_config.json"), JSON.stringify({ ...config, bos_token: "<|endoftext|>" }));
    data = join(folder, "rows.jsonl");
    const messages = [
      { role: "user", content: "Say 1" },
      { role: "assistant", content: "1" },
    ];
    writeFileSync(data, Array.from({ length: 4 }, () => JSON.stringify({ messages })).join("\n"));
  });
  const train = async (model: string, ...flags: string[]) => {
    const output = await mkdtemp(join(folder, "out-"));
    const args = ["--model_name_or_path", model, "--train_files", data, "--output_dir", output, "--template", "gemma"];
    const rest = ["--max_steps", "2", "--warmup_ratio", "0", "--eval_split", "0", "--home", await newHome(), ...flags];
    return { output, ...(await sift(["train", ...args, ...rest])) };
  };

  test("a copy has their rows, which begin as the mean and are trained", async () => {
    expect((await train(base)).stderr).toContain("preset-tokens");
    const target = join(folder, "extended");
    const made = await sift(["add-tokens", "--model", base, "--tokens", ...TOKENS, "--output", target, "--json"]);
    expect([made.stderr, made.code]).toEqual(["", 0]);
    const { rows, resized, tokens } = JSON.parse(made.stdout) as Made;
    const [before, after] = [table(base), table(target)];
    expect({ resized, rows, ids: tokens.map(({ id }) => id) }).toEqual({
      resized: true,
      rows: before.rows + 2,
      ids: [before.rows, before.rows + 1],
    });
    expect(after.values.subarray(0, before.values.length)).toEqual(before.values);
    for (let column = 0; column < before.width; column++) {
      let sum = 0;
      for (let row = 0; row < before.rows; row++) sum += before.values[row * before.width + column] ?? 0;
      expect(after.values[before.values.length + column]).toBeCloseTo(sum / before.rows, 6);
    }
    const { tokenizer } = loadTokenizer(target);
    expect(tokenizer.encode("a<end_of_turn>").ids.at(-1)).toBe(before.rows + 1);
    expect(json(join(target, "config.json"))["vocab_size"]).toBe(before.rows + 2);

    const refused = await train(target);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("tokens-untrained")]);
    expect(refused.stderr).toContain("modules_to_save: [embed_tokens, lm_head]");

    const full = await train(target, "--finetuning_type", "full", "--learning_rate", "0.01");
    expect([full.code, full.stdout]).toEqual([0, expect.any(String)]);
    const trained = table(full.output);
    const row = (values: Float32Array): Float32Array => values.subarray((before.rows + 1) * before.width);
    expect(trained.rows).toBe(rows);
    expect(row(trained.values)).not.toEqual(row(after.values));
    expect(json(join(full.output, "generation_config.json"))["eos_token_id"]).toContain(before.rows + 1);
    expect(json(join(full.output, "tokenizer_config.json"))["eos_token"]).toBe("<end_of_turn>");

    const adapter = await train(target, "--modules_to_save", "embed_tokens,lm_head");
    expect([adapter.code, adapter.stderr]).toEqual([0, expect.any(String)]);
    expect(existsSync(join(adapter.output, "adapter_config.json"))).toBe(true);
  }, 120_000);

  test("says what cannot be added", async () => {
    const add = (...tokens: string[]) =>
      sift(["add-tokens", "--model", base, "--tokens", ...tokens, "--output", join(folder, "none")]);
    expect((await add("<|im_end|>")).stderr).toContain("token-known");
    expect((await add(" ")).stderr).toContain("token-empty");
    expect(existsSync(join(folder, "none"))).toBe(false);
  });
});
