import { createHash } from "node:crypto";
import type { EncodeSettings, TemplateChoice, TemplateInfo, TemplateReport } from "#shared/contract/text.ts";
import { toErrorReport } from "#shared/errors.ts";
import {
  MASK_POLICIES,
  formMask,
  formTwin,
  type TemplateForm,
  presetOf,
  PRESET_NAMES,
  type RowEncoder,
  type Tokenizer,
} from "#shared/text/index.ts";
import { modelKind } from "../models/kind.ts";
import { ownTemplates } from "../models/template.ts";
import { hasTokenizer, loadTokenizer } from "../models/tokenizer.ts";
import { presetFits } from "./adapting.ts";
import { departureOf } from "./departures.ts";
import { encoderTemplate, openCoder } from "./encoding.ts";
import { templateText } from "./templateChoice.ts";

const TAG = /\{%-?\s*generation\s*-?%\}/;
const SEGMENT_FREE = MASK_POLICIES.filter((policy) => policy !== "structural");

export const textHash = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A template as the interface shows it; undefined for the own template of a model that has none. */
export function templateInfo(
  choice: TemplateChoice,
  modelPath: string,
  systemMessage?: string,
): TemplateInfo | undefined {
  if (choice.kind === "preset") return presetInfo(choice.name, systemMessage);
  if (choice.kind === "form") return formInfo(choice.form, systemMessage);
  const template = encoderTemplate(choice, modelPath);
  if (template?.kind !== "jinja") return undefined;
  const { source } = template;
  return {
    choice,
    name: choice.kind === "text" ? (choice.name ?? "draft") : (templateText(choice) ?? "own"),
    source,
    hash: textHash(source),
    editable: true,
    defaultMask: "assistant",
    masks: [...SEGMENT_FREE],
    tagged: TAG.test(source),
  };
}

function presetInfo(name: string, systemMessage?: string): TemplateInfo {
  const preset = presetOf(name);
  const source = preset.twin(systemMessage ?? preset.defaultSystem);
  return {
    choice: { kind: "preset", name },
    name,
    source,
    hash: textHash(source),
    editable: false,
    defaultMask: preset.mask,
    masks: preset.kind === "segments" ? [...MASK_POLICIES] : [...SEGMENT_FREE],
    tagged: false,
  };
}

function formInfo(form: TemplateForm, systemMessage?: string): TemplateInfo {
  const source = formTwin(form, systemMessage ?? form.default_system);
  return {
    choice: { kind: "form", form },
    name: form.name,
    source,
    hash: textHash(source),
    editable: false,
    defaultMask: formMask(form),
    masks: [...MASK_POLICIES],
    tagged: false,
  };
}

export const presetInfos = (): TemplateInfo[] => PRESET_NAMES.map((name) => presetInfo(name));

/** Everything about a template and a model; a template that does not parse is reported, not thrown. */
export function templateReport(settings: EncodeSettings): TemplateReport {
  const info =
    templateInfo(settings.template, settings.modelPath, settings.systemMessage) ?? missingInfo(settings.template);
  const facts = modelFacts(settings.modelPath);
  try {
    const { encoder } = openCoder(settings);
    if (!encoder) return { info, specialTokens: [], departure: null, ...facts, error: null };
    const departure = departureOf(settings, encoder);
    return { info, specialTokens: specialTokens(encoder), departure, ...facts, error: null };
  } catch (error) {
    return { info, specialTokens: [], departure: null, ...facts, error: toErrorReport(error) };
  }
}

/** What the model's folder says, whatever template is chosen. */
function modelFacts(modelPath: string): Pick<TemplateReport, "model" | "ownTemplates" | "presets"> {
  try {
    if (!hasTokenizer(modelPath)) return NO_FACTS;
    const { tokenizer } = loadTokenizer(modelPath);
    return {
      model: modelKind(modelPath, tokenizer),
      ownTemplates: ownTemplates(modelPath).map(({ name }) => name),
      presets: presetFits(tokenizer),
    };
  } catch {
    return NO_FACTS; // what is wrong with the files is told by the report's error
  }
}
const NO_FACTS = { model: null, ownTemplates: [], presets: [] };

const missingInfo = (choice: TemplateChoice): TemplateInfo => ({
  choice,
  name: "own",
  source: "",
  hash: textHash(""),
  editable: true,
  defaultMask: "assistant",
  masks: [...SEGMENT_FREE],
  tagged: false,
});

function specialTokens({ tokenizer, endOfTurn }: RowEncoder): TemplateReport["specialTokens"] {
  const { bos_token, eos_token, pad_token, unk_token } = tokenizer.files.specialTokens;
  const named = [
    ["BOS", bos_token],
    ["EOS", eos_token],
    ["PAD", pad_token],
    ["UNK", unk_token],
  ] as const;
  const tokens = named.flatMap(([name, text]) => (text === undefined ? [] : [special(tokenizer, name, text)]));
  const turn =
    endOfTurn === undefined ? [] : [{ name: "end of turn", text: tokenizer.idToToken(endOfTurn) ?? "", id: endOfTurn }];
  return [...tokens, ...turn, special(tokenizer, "newline", "\n")];
}

/** The id where the text is one token, else null. */
function special(tokenizer: Tokenizer, name: string, text: string): TemplateReport["specialTokens"][number] {
  const { ids } = tokenizer.encode(text);
  return { name, text, id: tokenizer.tokenToId(text) ?? (ids.length === 1 ? (ids[0] ?? null) : null) };
}
