import { isMap, isScalar, LineCounter, parseDocument, stringify, type Document } from "yaml";
import type { ConfigEntry, ConfigValue } from "../contract/runs.ts";
import { SiftError } from "../errors.ts";
import type { ConfigLayer } from "./types.ts";

/** A run file (YAML 1.2, core schema) as a layer. Throws SiftError `bad-yaml` with line and column. */
export function readYaml(text: string, file = "the run file"): Omit<ConfigLayer, "baseDir"> {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { version: "1.2", schema: "core", lineCounter, prettyErrors: true });
  const [error] = document.errors;
  if (error) throw yamlError(error.message.split("\n")[0] ?? "it cannot be read", file, error.linePos?.[0]);
  if (document.contents === null) return { source: "file", file, values: {}, lines: {} };
  if (!isMap(document.contents)) throw yamlError("expected `key: value` lines", file, { line: 1, col: 1 });
  const values = document.toJS() as Record<string, unknown>;
  return { source: "file", file, values, lines: keyLines(document, lineCounter) };
}

function keyLines(document: Document.Parsed, lineCounter: LineCounter): Record<string, number> {
  const lines: Record<string, number> = {};
  if (!isMap(document.contents)) return lines;
  for (const { key } of document.contents.items) {
    if (isScalar(key) && key.range) lines[String(key.value)] = lineCounter.linePos(key.range[0]).line;
  }
  return lines;
}

function yamlError(message: string, file: string, at: { line: number; col: number } | undefined): SiftError {
  return new SiftError("bad-yaml", `not a valid run file: ${message}`, {
    where: { file, ...(at ? { line: at.line, column: at.col } : {}) },
    remedy: "A run file is YAML: one `key: value` a line",
  });
}

/** The entries as a run file that resolves to the same values: what was set, or with `everything` each key with a value. */
export function toYaml(entries: readonly ConfigEntry[], options: { everything?: boolean } = {}): string {
  const chosen = entries.filter((entry) => (options.everything ? hasValue(entry.value) : entry.source !== "default"));
  if (chosen.length === 0) return "";
  const kept = options.everything ? withoutWarmupRatio(chosen) : chosen;
  return stringify(Object.fromEntries(kept.map(({ key, value }) => [key, value])), { version: "1.2", lineWidth: 0 });
}

/** The same as a command line. */
export function toCommand(entries: readonly ConfigEntry[]): string {
  const flags = entries
    .filter((entry) => entry.source !== "default")
    .map(({ key, value }) => `--${key} ${Array.isArray(value) ? value.map(quoted).join(" ") : quoted(String(value))}`);
  return ["sift train", ...flags].join(" ");
}

const hasValue = (value: ConfigValue): boolean => value !== null && !(Array.isArray(value) && value.length === 0);

/** Both warm-ups in one file would be refused; steps win, as they did when it was resolved. */
function withoutWarmupRatio(entries: readonly ConfigEntry[]): readonly ConfigEntry[] {
  const bySteps = entries.some(({ key }) => key === "warmup_steps");
  return bySteps ? entries.filter(({ key }) => key !== "warmup_ratio") : entries;
}

/** For a POSIX shell: plain words as they are, all else in single quotes. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
