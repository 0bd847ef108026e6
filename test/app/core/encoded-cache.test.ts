import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { encodeWith } from "#main/core/data/encode-batch.ts";
import { EncodedCache, prepareCache } from "#main/core/data/encoded-cache.ts";
import type { ThreadResult, ThreadRow } from "#main/core/data/thread-protocol.ts";
import { UNREVIEWED } from "#main/core/store/reviews.ts";
import { textKey } from "#main/core/text/encoding.ts";
import { rowCache } from "#main/core/text/row-cache.ts";
import { benchRow } from "../../../bench/rows.ts";
import { repositoryRoot } from "../../shared.ts";

const modelPath = join(repositoryRoot, "resources", "sample", "model");
const folders: string[] = [];
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "sift cache "));
  folders.push(folder);
  return folder;
};
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const preset: EncodeSettings = { modelPath, template: { kind: "preset", name: "chatml-human" } };
const SOURCE =
  "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content | trim }}<|im_end|>\n{% endfor %}" +
  "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
const jinja = (source = SOURCE): EncodeSettings => ({ modelPath, template: { kind: "text", source, name: "t" } });

const rows: ThreadRow[] = [
  ...Array.from({ length: 40 }, (_, index) => benchRow(index, 300)),
  '{"text":"a document"}',
  '{"messages":[{"role":"user","content":"bytes: \\ud83d\\ude00é"},{"role":"assistant","content":"\\n 好 <|im_end|> !"}]}',
  '{"messages": 3}',
].map((raw, index) => ({ index, rowId: `r${index}`, raw, review: UNREVIEWED }));

function encode(
  settings: EncodeSettings,
  folder?: string,
  given: readonly ThreadRow[] = rows,
): [ThreadResult, ThreadResult] {
  const cache = rowCache(settings, folder);
  const result = (want: "arrays" | "facts"): ThreadResult => encodeWith({ settings, want, cache })(given);
  return [result("arrays"), result("facts")];
}

/** Keys of the rows that are kept under these settings. */
function kept(settings: EncodeSettings, folder: string, given: readonly ThreadRow[] = rows): number {
  const spec = rowCache(settings, folder);
  const cache = spec && EncodedCache.open(spec);
  if (!cache) return 0;
  for (const row of given) cache.get(cache.keyOf(row.raw, row.review), row.index);
  cache.close();
  return cache.hits;
}

describe("cache of tokenised rows", () => {
  for (const [name, settings] of [
    ["a preset of segments", preset],
    ["a Jinja template", jinja()],
  ] as const) {
    it(`gives what encoding gives, for ${name}`, () => {
      const folder = newFolder();
      const plain = encode(settings);
      expect(encode(settings, folder)).toEqual(plain);
      expect(kept(settings, folder)).toBe(41);
      expect(encode(settings, folder)).toEqual(plain);
      for (const mask of ["assistant", "last_assistant", "all"] as const) {
        const other = { ...settings, mask, maxLength: 90, overLength: "split" as const };
        expect(encode(other, folder)).toEqual(encode(other));
      }
      const ruled = { ...settings, maskOptions: { rules: [{ pattern: "a", weight: 0.5 }], header: true } };
      expect(encode(ruled, folder)).toEqual(encode(ruled));
    });
  }

  it("names a row by its place of now", () => {
    const folder = newFolder();
    encode(jinja(), folder);
    const moved = rows.slice(41, 42).map((row) => ({ ...row, index: 7 }));
    expect(encode(jinja(), folder, moved)).toEqual(encode(jinja(), undefined, moved));
  });

  it("misses where anything that decides the text differs", () => {
    const folder = newFolder();
    encode(jinja(), folder);
    expect(kept(jinja(), folder)).toBe(41);
    expect(kept(jinja(`${SOURCE} `), folder)).toBe(0);
    expect(kept({ ...jinja(), systemMessage: "Be brief." }, folder)).toBe(0);
    expect(kept({ ...jinja(), systemPolicy: "drop" }, folder)).toBe(0);
    expect(kept({ ...jinja(), maskOptions: { reasoning: "strip" } }, folder)).toBe(0);
    expect(kept({ ...jinja(), rowOptions: { specialTokens: "plain" } }, folder)).toBe(0);
    const variables = rows.map((row) => ({ ...row, raw: row.raw.replace("{", '{"enable_thinking":true,') }));
    expect(kept(jinja(), folder, variables)).toBe(0);
    const edited = rows.map((row) => ({ ...row, review: { ...UNREVIEWED, edits: { "0": "other" } } }));
    expect(kept(jinja(), folder, edited)).toBe(0);
    const otherModel = newFolder();
    for (const name of ["tokenizer.json", "tokenizer_config.json", "config.json"]) {
      writeFileSync(join(otherModel, name), readFileSync(join(modelPath, name)));
    }
    expect(kept({ ...jinja(), modelPath: otherModel }, folder)).toBe(41);
    writeFileSync(join(otherModel, "special_tokens_map.json"), '{"pad_token":"<|im_end|>"}');
    expect(kept({ ...jinja(), modelPath: otherModel }, folder)).toBe(0);
  });

  it("keeps nothing of rows that become several, or lose turns to fit", () => {
    expect(textKey({ ...jinja(), rowOptions: { splitTurns: true } })).toBeUndefined();
    expect(textKey({ ...jinja(), rowOptions: { truncation: "oldest_turns" } })).toBeUndefined();
    expect(textKey({ ...jinja(), rowOptions: { truncation: "whole_turns" } })).toBe(textKey(jinja()));
  });

  it("keeps nothing of a template that asks for the time", () => {
    expect(textKey(jinja(`${SOURCE}{{ strftime_now("%d") }}`))).toBeUndefined();
    expect(textKey(jinja())).toMatch(/^[0-9a-f]{64}$/);
  });

  it("takes a damaged entry or file for a miss, and begins anew", () => {
    const folder = newFolder();
    const plain = encode(jinja());
    encode(jinja(), folder);
    const file = join(folder, "rows.db");
    const bytes = readFileSync(file);
    for (let at = 20_000; at < bytes.length; at += 997) bytes[at] = (bytes[at] ?? 0) ^ 0x5a;
    writeFileSync(file, bytes);
    rmSync(`${file}-wal`, { force: true });
    expect(encode(jinja(), folder)).toEqual(plain);
    writeFileSync(file, "no database at all");
    rmSync(`${file}-wal`, { force: true });
    expect(encode(jinja(), folder)).toEqual(plain);
    expect(encode(jinja(), folder)).toEqual(plain);
    expect(kept(jinja(), folder)).toBe(41);
  });

  it("stays below its size; the oldest rows go", () => {
    const folder = newFolder();
    expect(prepareCache(folder)).toBe(true);
    const spec = { folder, textKey: "k", maxBytes: 400_000 };
    const cache = EncodedCache.open(spec);
    const [ids, starts, ends] = [0, 1, 2].map(() => new Int32Array(300)) as [Int32Array, Int32Array, Int32Array];
    const facts = { kind: "conversation", roles: [], lossy: false, specialInContent: [] } as const;
    const text = "x".repeat(800);
    const conversation = { text, ids, starts, ends, turns: [], segments: [], generations: [], notices: [], facts };
    for (let i = 0; i < 1000; i++) {
      cache?.add(cache.keyOf(String(i), UNREVIEWED), { conversation, promptEnds: [] });
      if (i % 50 === 49) cache?.flush();
    }
    expect(cache?.get(cache.keyOf("0", UNREVIEWED), 0)).toBeUndefined();
    expect(cache?.get(cache.keyOf("999", UNREVIEWED), 0)).toEqual({ conversation, promptEnds: [] });
    cache?.close();
    expect(statSync(join(folder, "rows.db")).size).toBeLessThan(600_000);
  });

  it("does without where the folder cannot be written", () => {
    const file = join(newFolder(), "a file");
    writeFileSync(file, "");
    expect(rowCache(jinja(), file)).toBeUndefined();
  });
});
