import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { LiveEncoder } from "#renderer/live/encoder.ts";
import type { LiveModelRef } from "#renderer/live/protocol.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { tokenView, viewRow } from "#shared/preview/view.ts";
import { RememberingTokenizer, Tokenizer, type ParsedRow } from "#shared/text/index.ts";
import { repositoryRoot, sharedPath } from "../../shared.ts";
import { loadTokenizer, readExpected, readRows } from "../text/reference.ts";

const qwen = join(repositoryRoot, "node_modules", "@lenml", "tokenizer-qwen2_5", "models");
const files = (folder: string) => ({
  tokenizer: readFileSync(join(folder, "tokenizer.json"), "utf8"),
  config: readFileSync(join(folder, "tokenizer_config.json"), "utf8"),
});
const MODEL: LiveModelRef = { modelPath: "m", tokenizer: "qwen", ownTemplate: null, vocabularySize: null };
const masks = sharedPath("oracles", "masks");
const DATASETS: Readonly<Record<string, string>> = {
  alpaca_en: "alpaca_en_demo.json",
  alpaca_history_zh: "alpaca_history_zh.json",
  belle_267: "belle_267.jsonl",
  glaive_en: "glaive_toolcall_en_demo.json",
  sharegpt_zh_1k: "sharegpt_zh_1k.jsonl",
};

const live = new LiveEncoder();
beforeAll(() => live.learn("qwen", files(qwen)));

describe.skipIf(!masks)("the page's encoder on every mask oracle (skipped without ../shared)", () => {
  test.each(masks ? readdirSync(masks) : [])("%s", (file) => {
    const [dataset = "", template = ""] = file.split(".");
    const rows = readRows(sharedPath("datasets", DATASETS[dataset] ?? "") ?? "");
    const source = (): string => readFileSync(sharedPath("templates", `${template}.jinja`) ?? "", "utf8");
    const settings: EncodeSettings =
      template === "seed"
        ? {
            modelPath: "m",
            template: { kind: "preset", name: "chatml-human" },
            maxLength: 2048,
            overLength: "truncate",
          }
        : { modelPath: "m", template: { kind: "text", source: source() } };
    for (const { row, ids, labels } of readExpected(join(masks ?? "", file))) {
      const parsed = rows[row];
      if (!parsed) throw new Error(`row ${row} is missing`);
      // what crosses to the worker and back is cloned
      const request = structuredClone({ settings, model: MODEL, row: parsed, index: row });
      const { encoded, cutFrom } = structuredClone(live.encode(request));
      // a view shows what the maximum length cuts off too
      const kept = cutFrom < 0 ? encoded.ids.length : cutFrom;
      expect(Array.from(encoded.ids.subarray(0, kept)), `ids of row ${row}`).toEqual(ids);
      expect(Array.from(encoded.labels.subarray(0, kept)), `labels of row ${row}`).toEqual(labels);
    }
  });
});

const QWEN3 = sharedPath("templates", "qwen3.jinja");
describe.skipIf(!QWEN3)("while somebody types (skipped without ../shared)", () => {
  const source = QWEN3 === undefined ? "" : readFileSync(QWEN3, "utf8");
  const row = (answer: string): ParsedRow => ({
    kind: "conversation",
    conversation: {
      messages: [
        { role: "user", content: "你好 <|im_end|> there" },
        { role: "assistant", content: "first\n\n  answer" },
        { role: "user", content: "and then?" },
        { role: "assistant", content: answer },
      ],
    },
  });
  const names = new Map<number, string>();
  const steps = [..."It's 3.14 – 🙂 <|im_start|>…\n"].map((_, i, all) => all.slice(0, i + 1).join(""));
  const plain = loadTokenizer(qwen);

  test.each([
    ["the row", (step: string) => ({ template: source, row: row(step) })],
    [
      "the template",
      (step: string) => ({ template: source.replace("<|im_start|>", `<|im_start|>${step}`), row: row("x") }),
    ],
  ])("in %s, every view equals core's", (_, edited) => {
    for (const step of steps) {
      const { template, row: now } = edited(step.replaceAll("'", "’"));
      for (const mask of ["assistant", "last_assistant", "all"] as const) {
        const settings: EncodeSettings = { modelPath: "m", template: { kind: "text", source: template }, mask };
        const model = { modelPath: "m", tokenizer: plain, ownTemplate: undefined, vocabularySize: undefined };
        const reply = live.encode({ settings, model: MODEL, row: now, index: 0 });
        reply.newPieces.ids.forEach((id, i) => names.set(id, reply.newPieces.pieces[i] ?? ""));
        const view = tokenView(reply, (id) => names.get(id) ?? plain.idToToken(id));
        expect(view).toEqual(viewRow(settings, model, now, 0));
      }
    }
  });
});

describe.each(["qwen2_5", "stories260K-hf", "TinyStories-656K"])("remembered sections of %s", (name) => {
  const folder = name === "qwen2_5" ? qwen : sharedPath("models", name);
  test.skipIf(folder === undefined)("give the plain tokenizer's tokens (needs ../shared/models)", () => {
    const [tokenizer, config] = [JSON.parse(files(folder ?? "").tokenizer), JSON.parse(files(folder ?? "").config)] as [
      unknown,
      unknown,
    ];
    const remembering = new RememberingTokenizer(tokenizer, config);
    const plain = new Tokenizer(tokenizer, config);
    const special = plain.files.addedTokens.at(-1)?.content ?? "";
    const words = [
      "a",
      " a",
      "  two ",
      "你好",
      "🙂",
      "\n\n",
      special,
      "it's",
      "1234567",
      " ",
      "▁",
      "é",
      "\n",
      " \n",
      "\r\n",
      "\u0301",
      "!",
      "\t",
      "\u00a0\n",
    ];
    for (let seed = 1; seed < 1500; seed++) {
      const text = Array.from(
        { length: seed % 23 },
        (_, i) => words[(seed * 7919 + i * i * 104729) % words.length],
      ).join("");
      expect(remembering.encode(text), JSON.stringify(text)).toEqual(plain.encode(text));
      expect(remembering.encode(text)).toEqual(plain.encode(text));
      const all = (): boolean => true;
      expect(remembering.encode(text, all)).toEqual(plain.encode(text, all));
    }
  });
});
