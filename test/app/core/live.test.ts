import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { LiveEncoder } from "#renderer/live/encoder.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { tokenView } from "#shared/preview/view.ts";
import type { ParsedRow } from "#shared/text/index.ts";
import { repositoryRoot } from "../../shared.ts";
import { startCore, temporaryFolder } from "./helpers.ts";

const QWEN = join(repositoryRoot, "node_modules", "@lenml", "tokenizer-qwen2_5", "models");
const ROW: ParsedRow = {
  kind: "conversation",
  conversation: {
    messages: [
      { role: "user", content: "What is 6 times 7?" },
      { role: "assistant", content: "42", weight: 0.5 },
    ],
  },
};

function modelFolder(): string {
  const folder = join(temporaryFolder(), "model");
  mkdirSync(folder);
  for (const name of ["tokenizer.json", "tokenizer_config.json"]) cpSync(join(QWEN, name), join(folder, name));
  return folder;
}

describe("what a page needs to encode by itself", () => {
  test("with it the page's view equals core's, for the own template, a draft and a preset", async () => {
    const { client } = await startCore();
    const modelPath = modelFolder();
    const live = new LiveEncoder();
    const { tokenizer, ...rest } = await client.live.model({ modelPath, ownTemplate: true });
    if (!tokenizer?.files) throw new Error("no tokenizer came");
    live.learn(tokenizer.hash, tokenizer.files);
    const names = new Map<number, string>();
    for (const template of [
      { kind: "own" },
      { kind: "text", source: "{% for m in messages %}[{{ m.role }}] {{ m.content }}{{ eos_token }}\n{% endfor %}" },
      { kind: "preset", name: "chatml-human" },
    ] satisfies EncodeSettings["template"][]) {
      const settings: EncodeSettings = { modelPath, template, maxLength: 12 };
      const model = { modelPath, tokenizer: tokenizer.hash, ...rest };
      const reply = live.encode({ settings, model, row: ROW, index: 3 });
      reply.newPieces.ids.forEach((id, i) => names.set(id, reply.newPieces.pieces[i] ?? ""));
      const core = await client.text.preview({ settings, row: { kind: "draft", row: ROW as never } });
      const view = tokenView(reply, (id) => names.get(id));
      expect({ ...view, notices: [] }).toEqual({ ...core, notices: [] });
      expect(view.notices).toHaveLength(core.notices.length);
    }
  });

  test("files that the page has are not sent again, changed ones are", async () => {
    const { client } = await startCore();
    const modelPath = modelFolder();
    const first = await client.live.model({ modelPath, ownTemplate: false });
    expect(first.ownTemplate).toBeNull();
    const known = first.tokenizer?.hash ?? "";
    expect(await client.live.model({ modelPath, ownTemplate: false, known })).toMatchObject({
      tokenizer: { hash: known, files: null },
    });
    writeFileSync(join(modelPath, "tokenizer_config.json"), '{"eos_token": "<|endoftext|>"}');
    const changed = await client.live.model({ modelPath, ownTemplate: false, known });
    expect(changed.tokenizer?.hash).not.toBe(known);
    expect(changed.tokenizer?.files?.config).toContain("endoftext");
  });

  test("a folder without tokenizer has a vocabulary size only", async () => {
    const { client } = await startCore();
    const modelPath = modelFolder();
    rmSync(join(modelPath, "tokenizer.json"));
    writeFileSync(join(modelPath, "config.json"), '{"model_type": "qwen2", "vocab_size": 99}');
    expect(await client.live.model({ modelPath, ownTemplate: true })).toMatchObject({
      tokenizer: null,
      vocabularySize: 99,
    });
  });
});
