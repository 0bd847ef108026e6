import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import * as v from "valibot";
import type { ModelKind } from "#shared/contract/adapting.ts";
import type { Tokenizer } from "#shared/text/index.ts";
import { ownTemplates } from "./template.ts";
import { parseJsonFile } from "./weights.ts";

const generation = v.looseObject({ eos_token_id: v.nullish(v.union([v.number(), v.array(v.number())])) });
const INSTRUCT_NAME = /(?:^|[-_./])(?:instruct|chat|it|sft|dpo|rlhf|assistant|thinking)(?:$|[-_./\d])/i;
const BASE_NAME = /(?:^|[-_./])(?:base|pt|pretrain(?:ed)?)(?:$|[-_./])/i;
/** End tokens of documents, not of turns. */
const DOCUMENT_ENDS = new Set([
  "</s>",
  "<|endoftext|>",
  "<|end_of_text|>",
  "<eos>",
  "<|eos|>",
  "<｜end▁of▁sentence｜>",
]);

/**
 * Whether a model was tuned to answer, and why that is thought. Its own chat template weighs most (though some base models carry their
 * family's), then a generation configuration that stops at the end of a turn, then the folder's name, a weak sign.
 */
export function modelKind(folder: string, tokenizer: Tokenizer): ModelKind {
  const reasons: ModelKind["reasons"] = [];
  const templates = ownTemplates(folder);
  const names = templates.map(({ name }) => name).join(", ");
  reasons.push({ code: templates.length > 0 ? "template" : "no-template", detail: names });
  const turnEnd = stopTokens(folder, tokenizer).find((text) => !DOCUMENT_ENDS.has(text));
  if (turnEnd !== undefined) reasons.push({ code: "stops-at-turn", detail: turnEnd });
  const name = nameOf(folder);
  const saysInstruct = INSTRUCT_NAME.test(name);
  const saysBase = BASE_NAME.test(name);
  if (saysInstruct !== saysBase) reasons.push({ code: saysInstruct ? "name-instruct" : "name-base", detail: name });
  const score =
    (templates.length > 0 ? 2 : -2) + (turnEnd === undefined ? -1 : 2) + (saysInstruct ? 1 : 0) - (saysBase ? 2 : 0);
  return { kind: score > 0 ? "instruct" : "base", hasTemplate: templates.length > 0, reasons };
}

function stopTokens(folder: string, tokenizer: Tokenizer): string[] {
  const file = join(folder, "generation_config.json");
  const parsed = existsSync(file) ? v.safeParse(generation, parseJsonFile(file)) : undefined;
  const ids = parsed?.success ? (parsed.output.eos_token_id ?? []) : [];
  return (typeof ids === "number" ? [ids] : ids).flatMap((id) => tokenizer.idToToken(id) ?? []);
}

/** A cache's snapshot folder has a hash for a name; the repository's name stands two folders up. */
function nameOf(folder: string): string {
  const parts = folder.split(/[\\/]/).filter(Boolean);
  return parts.at(-2) === "snapshots" ? (parts.at(-3) ?? "") : basename(folder);
}
