import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { modelKind } from "#main/core/models/kind.ts";
import { presetFits } from "#main/core/text/adapting.ts";
import { compareTemplates } from "#shared/text/index.ts";
import { qwenTokenizer } from "../../unit/text/reference.ts";
import { temporaryFolder } from "./helpers.ts";

describe("a base model and an instruct model", () => {
  const tokenizer = qwenTokenizer();
  const model = (name: string, files: Readonly<Record<string, unknown>>): string => {
    const folder = join(temporaryFolder(), name);
    mkdirSync(folder);
    for (const [file, value] of Object.entries(files)) writeFileSync(join(folder, file), JSON.stringify(value));
    return folder;
  };

  it("are told apart by template, stop token and name, with the reasons", () => {
    const template = { "tokenizer_config.json": { chat_template: "x" } };
    const stops = { "generation_config.json": { eos_token_id: [tokenizer.tokenToId("<|im_end|>")] } };
    const reads = { "generation_config.json": { eos_token_id: tokenizer.tokenToId("<|endoftext|>") } };
    expect(modelKind(model("Some-0.5B-Instruct", { ...template, ...stops }), tokenizer)).toEqual({
      kind: "instruct",
      hasTemplate: true,
      reasons: [
        { code: "template", detail: "default" },
        { code: "stops-at-turn", detail: "<|im_end|>" },
        { code: "name-instruct", detail: "Some-0.5B-Instruct" },
      ],
    });
    expect(modelKind(model("some-base", {}), tokenizer).kind).toBe("base");
    // a base model that carries its family's template, as Qwen2.5's do
    expect(modelKind(model("Some-Base", { ...template, ...reads }), tokenizer).kind).toBe("base");
    expect(modelKind(model("stories", { ...reads }), tokenizer).kind).toBe("base");
  });

  it("are offered what fits first, with what each other needs", () => {
    const fits = presetFits(tokenizer);
    expect(fits[0]).toMatchObject({
      name: "chatml",
      missing: [],
      endOfTurn: { text: "<|im_end|>" },
      recommended: true,
    });
    const llama = fits.find(({ name }) => name === "llama3");
    expect(llama).toMatchObject({ endOfTurn: null, recommended: false });
    expect(llama?.missing).toContain("<|eot_id|>");
    // Qwen's tokenizer names no BOS, which llama3 writes
    expect(llama?.addable).toBe(false);
    expect(fits[0]?.tokens).toEqual([
      { text: "<|im_start|>", id: 151644, named: false },
      { text: "<|im_end|>", id: 151645, named: false },
    ]);
    expect(fits.find(({ name }) => name === "phi3")).toMatchObject({
      addable: true,
      tokens: expect.arrayContaining([{ text: "<|user|>", id: null, named: false }]) as unknown,
    });
    expect(fits.filter(({ recommended }) => recommended)).toHaveLength(1);
  });

  it("say in which points a template departs", () => {
    const chosen = { kind: "preset", name: "chatml-human" } as const;
    const changes = (own: string) =>
      compareTemplates({ tokenizer, own: { kind: "preset", name: own }, chosen }).changes;
    expect(changes("chatml")).toEqual([
      {
        what: "roles",
        own: "<|im_end|>\n<|im_start|>user\n … <|im_end|>\n<|im_start|>assistant\n",
        chosen: expect.stringContaining("human") as string,
      },
      { what: "system", own: "", chosen: "<|im_start|>system\nYou are a helpful assistant.<|im_end|>" },
    ]);
    expect(changes("alpaca").map(({ what }) => what)).toEqual(["roles", "system"]);
    expect(changes("chatml-human")).toEqual([]);
  });
});
