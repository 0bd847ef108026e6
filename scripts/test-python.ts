/**
 * Opens what Sift writes with the Python libraries of the field. Installs them from PyPI into a virtual environment of its own:
 * `npm run test:python [datasets | models | folder | templates | tokens]`.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { checkAddedTokens } from "../test/python/added-tokens.ts";
import { checkSavedModels } from "../test/python/saved-models.ts";
import { checkTemplates } from "../test/python/templates.ts";

const root = resolve(import.meta.dirname, "..");
const environment = join(root, "node_modules", ".cache", "sift-python");
const installed = join(environment, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
/** An interpreter that has the packages already takes the place of the environment. */
const python = process.env["SIFT_PYTHON"] ?? installed;
const PACKAGES = ["datasets==5.2.0", "pyarrow==26.0.1", "torch==2.15.0", "transformers==5.23.0", "peft==0.21.2"];

const run = (command: string, args: readonly string[]): void => {
  execFileSync(command, args, { stdio: "inherit", cwd: root });
};

function install(): void {
  const marker = join(environment, PACKAGES.join("_"));
  if (existsSync(marker)) return;
  rmSync(environment, { recursive: true, force: true });
  run("python3", ["-m", "venv", environment]);
  run(installed, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...PACKAGES]);
  writeFileSync(marker, "");
}

/** `sift encode` twice: as lines, and as a folder for `datasets`; both must say the same. */
function checkEncodedFolder(): void {
  const work = mkdtempSync(join(tmpdir(), "sift-python-"));
  const oracles = join(root, "test", "oracles", "audit");
  const flags = [
    ...["--data", join(oracles, "source.jsonl"), "--template", join(oracles, "template.jinja")],
    ...["--tokenizer", join(root, "node_modules", "@lenml", "tokenizer-qwen2_5", "models")],
  ];
  const sift = join(root, "src-main", "cli", "main.ts");
  const lines = execFileSync(process.execPath, [sift, "encode", ...flags], { encoding: "utf8", cwd: root });
  writeFileSync(join(work, "lines.jsonl"), lines);
  run(process.execPath, [sift, "encode", ...flags, "--format", "hf", "--output", join(work, "set")]);
  run(python, [join(root, "test", "python", "load_from_disk.py"), join(work, "set"), join(work, "lines.jsonl")]);
  rmSync(work, { recursive: true });
}

/** The test that opens a run's output folder (weights, tokenizer, trainer state), which vitest skips without this Python. */
function checkOutputFolder(): void {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const flags = ["run", "test/engine/train/layout.test.ts", "--testNamePattern", "SIFT_REFERENCE_PYTHON"];
  const env = { ...process.env, SIFT_REFERENCE_PYTHON: python };
  execFileSync(process.execPath, [vitest, ...flags], { stdio: "inherit", cwd: root, env });
}

const [only] = process.argv.slice(2);
if (process.env["SIFT_PYTHON"] === undefined) install();
const wants = (part: string): boolean => only === undefined || only === part;
if (wants("datasets")) checkEncodedFolder();
if (wants("models")) await checkSavedModels(python);
if (wants("folder")) checkOutputFolder();
if (wants("templates")) checkTemplates(python);
if (wants("tokens")) checkAddedTokens(python);
