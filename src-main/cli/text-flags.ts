import type { Command } from "commander";
import { Option } from "commander";
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { EncodeSettings, TemplateChoice } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import { MASK_POLICIES, PRESET_NAMES, SPECIAL_CHOICES, TRUNCATION_MODES } from "#shared/text/index.ts";
import type { MaskPolicy, RowOptions } from "#shared/text/index.ts";
import type { EncodeSpec, ResultOf, ThreadRow } from "../core/data/thread-protocol.ts";
import type { RowCoder } from "../core/text/encoding.ts";
import { namedTemplate, templateFile } from "../core/text/templateChoice.ts";
import { integer, UsageError } from "./command.ts";
import type { CommonOptions } from "./command.ts";
import { type MaskFlags, maskOptionsFromFlags, withMaskFlags } from "./mask-flags.ts";

/** The flags that decide how rows become tokens: `encode` and `prove` share them. */
export interface TextFlags extends CommonOptions, MaskFlags {
  readonly data: string;
  readonly tokenizer: string;
  readonly template?: string;
  readonly mask?: MaskPolicy;
  readonly max_length?: number;
  readonly truncation_mode?: NonNullable<RowOptions["truncation"]>;
  readonly split_turns?: boolean;
  readonly special_tokens_in_content?: NonNullable<RowOptions["specialTokens"]>;
  readonly limit?: number;
}

export function withTextFlags(command: Command): Command {
  const withText = command
    .requiredOption("--data <file>", "JSON or JSON Lines file of conversations")
    .requiredOption("--tokenizer <dir>", "model or tokenizer folder")
    .option(
      "--template <preset|file>",
      `own:NAME, ${PRESET_NAMES.join(", ")}, a Jinja file or a form (default: the folder's own)`,
    )
    .addOption(new Option("--mask <policy>", "what is trained (default: the template's)").choices([...MASK_POLICIES]))
    .option("--max_length <n>", "cut rows at the end after n tokens (default: nothing is cut)", integer(1))
    .addOption(
      new Option("--truncation_mode <mode>", "what --max_length leaves out (default: end)").choices([
        ...TRUNCATION_MODES,
      ]),
    )
    .option("--split_turns", "a row for each answer, behind what serving would give the model")
    .addOption(
      new Option("--special_tokens_in_content <choice>", "special tokens typed in a message (default: keep)").choices([
        ...SPECIAL_CHOICES,
      ]),
    )
    .option("--limit <n>", "only the first n rows", integer(1));
  return withMaskFlags(withText);
}

/** Flags as the settings that core encodes with. Throws UsageError for files that are not there. */
export function encodeSettings(flags: Omit<TextFlags, "data" | "limit">): EncodeSettings {
  const modelPath = existingFolder("tokenizer", flags.tokenizer);
  const maskOptions = maskOptionsFromFlags(flags, flags.mask);
  const rowOptions = rowOptionsFromFlags(flags);
  return {
    modelPath,
    template: templateChoice(flags.template),
    ...(flags.mask !== undefined && { mask: flags.mask }),
    ...(maskOptions !== undefined && { maskOptions }),
    ...(rowOptions !== undefined && { rowOptions }),
    ...(flags.max_length !== undefined && { maxLength: flags.max_length, overLength: "truncate" as const }),
  };
}

function rowOptionsFromFlags(flags: Omit<TextFlags, "data" | "limit">): RowOptions | undefined {
  const { truncation_mode: truncation, special_tokens_in_content: specialTokens, split_turns: splitTurns } = flags;
  const options = {
    ...(truncation !== undefined && { truncation }),
    ...(specialTokens !== undefined && { specialTokens }),
    ...(splitTurns !== undefined && { splitTurns }),
  };
  return Object.keys(options).length > 0 ? options : undefined;
}

/** Opens the coder; what is wrong in a template is told with the file that it stands in. */
export async function openCoder(settings: EncodeSettings): Promise<RowCoder> {
  const encoding = await import("../core/text/encoding.ts");
  try {
    return encoding.openCoder(settings);
  } catch (error) {
    throw inTemplateFile(error, settings);
  }
}

/** What is wrong in a template, told with the file that it stands in. */
export function inTemplateFile(error: unknown, { template }: EncodeSettings): unknown {
  if (!(error instanceof SiftError) || template.kind !== "text" || error.where?.line === undefined) return error;
  const where = { ...error.where, file: error.where.file ?? template.name ?? "template" };
  return new SiftError(error.code, error.message, {
    where,
    cause: error,
    ...(error.remedy !== undefined && { remedy: error.remedy }),
  });
}

/** Encodes the rows of a file in threads, in order. */
export async function* encodeRows<Want extends keyof ResultOf>(
  spec: EncodeSpec & { readonly want: Want },
  batches: AsyncIterable<readonly ThreadRow[]>,
): AsyncGenerator<ResultOf[Want]> {
  const { encodeBatches } = await import("../core/data/pool.ts");
  try {
    yield* encodeBatches(spec, batches);
  } catch (error) {
    throw inTemplateFile(error, spec.settings);
  }
}

/** A preset's name, `own`, `own:NAME`, a file of Jinja or of a form. */
export function templateChoice(text: string | undefined): TemplateChoice {
  const named = namedTemplate(text ?? "own");
  if (named || text === undefined) return named ?? { kind: "own" };
  const hint = `expected own, own:NAME, a preset (${PRESET_NAMES.join(", ")}), a Jinja file or a form (.yaml, .json)`;
  return templateFile(existingFile("template", text, hint), text);
}

export function existingFile(flag: string, path: string, hint = ""): string {
  const file = resolve(path);
  if (existsSync(file) && statSync(file).isFile()) return file;
  throw new UsageError(`--${flag}: there is no file ${path}${hint === "" ? "" : `; ${hint}`}`);
}

export function existingFolder(flag: string, path: string): string {
  const folder = resolve(path);
  if (existsSync(folder) && statSync(folder).isDirectory()) return folder;
  throw new UsageError(`--${flag}: there is no folder ${path}`);
}
