import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import { SiftError } from "#shared/errors.ts";
import type { AddedToken } from "./addedTokens.ts";
import type { BpeConfig } from "./bpe.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** Names of special tokens that `tokenizer_config.json` may set. */
export const SPECIAL_TOKEN_KEYS = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
] as const;
/** Name of a special token in tokenizer_config.json and in templates. */
export type SpecialTokenKey = (typeof SPECIAL_TOKEN_KEYS)[number];

/** What we use of tokenizer.json and tokenizer_config.json. */
export interface TokenizerFiles {
  readonly model: Omit<BpeConfig, "byteLevel">;
  readonly addedTokens: readonly AddedToken[];
  readonly pretokenizer: unknown;
  readonly trimsOffsets: boolean;
  /** One above the highest id. */
  readonly vocabularySize: number;
  /** Those that are set. */
  readonly specialTokens: Readonly<Partial<Record<SpecialTokenKey, string>>>;
  /** Whether the tokenizer itself would put a BOS before a text. */
  readonly addsBos: boolean;
  /** The model's own template, where the configuration holds one. */
  readonly chatTemplate: string | undefined;
  readonly openLibrary: () => LibraryTokenizer;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fileError(message: string): SiftError {
  return new SiftError("tokenizer-file", message, {
    remedy: "use a model folder with the tokenizer files it was published with",
  });
}

/** @throws SiftError `tokenizer-file` or `tokenizer-unsupported`. */
export function parseTokenizerFiles(tokenizerJson: unknown, tokenizerConfig: unknown): TokenizerFiles {
  if (!isObject(tokenizerJson)) throw fileError("tokenizer.json does not hold an object");
  const config = isObject(tokenizerConfig) ? tokenizerConfig : {};
  const { model } = tokenizerJson;
  if (!isObject(model)) throw fileError("tokenizer.json has no model");
  const addedTokens = parseAddedTokens(tokenizerJson["added_tokens"]);
  const bpe = parseBpe(model);
  const specialTokens = parseSpecialTokens(config);
  const highest = addedTokens.reduce((max, token) => Math.max(max, token.id), highestId(bpe.vocab));
  return {
    model: bpe,
    addedTokens,
    pretokenizer: tokenizerJson["pre_tokenizer"] ?? null,
    trimsOffsets: trimsOffsets(tokenizerJson["post_processor"]),
    vocabularySize: highest + 1,
    specialTokens,
    addsBos: addsBos(tokenizerJson["post_processor"], specialTokens.bos_token),
    chatTemplate: parseChatTemplate(config["chat_template"]),
    openLibrary: () => openLibrary(tokenizerJson, { model, vocab: bpe.vocab }, config),
  };
}

/** The library without its own merges and its map of the vocabulary, which are slow to build; it decodes by `vocab` alone. */
function openLibrary(
  json: JsonObject,
  { model, vocab }: { model: JsonObject; vocab: ReadonlyMap<string, number> },
  config: JsonObject,
): LibraryTokenizer {
  const complete = {
    decoder: null,
    post_processor: null,
    pre_tokenizer: null,
    normalizer: null,
    added_tokens: [],
    ...json,
  };
  try {
    const light = { ...model, type: "BPE", merges: [], vocab: {} };
    const library = new LibraryTokenizer({ ...complete, model: light }, config);
    const tokens = library.model?.vocab ?? []; // holds the added tokens by now, which win
    for (const [token, id] of vocab) tokens[id] ??= token;
    return library;
  } catch (error) {
    throw new SiftError(
      "tokenizer-unsupported",
      `the tokenizer cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function highestId(vocab: ReadonlyMap<string, number>): number {
  let highest = -1;
  for (const id of vocab.values()) if (id > highest) highest = id;
  return highest;
}

function parseBpe(model: JsonObject): Omit<BpeConfig, "byteLevel"> {
  const { type } = model;
  if (type !== "BPE" && type !== undefined) {
    throw new SiftError(
      "tokenizer-unsupported",
      `the tokenizer model is ${JSON.stringify(type)}; only byte-pair encoding (BPE) is supported`,
    );
  }
  for (const key of ["continuing_subword_prefix", "end_of_word_suffix"]) {
    if (typeof model[key] === "string" && model[key] !== "") {
      throw new SiftError("tokenizer-unsupported", `the tokenizer sets ${key}, which is not supported`);
    }
  }
  if (!isObject(model["vocab"]) || !Array.isArray(model["merges"]))
    throw fileError("the tokenizer's model has no vocab or no merges");
  const vocab = new Map(Object.entries(model["vocab"] as Readonly<Record<string, number>>));
  const unknown = model["unk_token"];
  return {
    vocab,
    merges: model["merges"],
    byteFallback: model["byte_fallback"] === true,
    ignoreMerges: model["ignore_merges"] === true,
    unknownId: typeof unknown === "string" ? vocab.get(unknown) : undefined,
    fuseUnknown: model["fuse_unk"] === true,
  };
}

function parseAddedTokens(value: unknown): AddedToken[] {
  if (!Array.isArray(value)) return [];
  return value.map((token: unknown) => {
    if (!isObject(token) || typeof token["content"] !== "string" || typeof token["id"] !== "number") {
      throw fileError("an entry of added_tokens has no content or no id");
    }
    const special = token["special"] === true;
    return {
      id: token["id"],
      content: token["content"],
      special,
      normalized: typeof token["normalized"] === "boolean" ? token["normalized"] : !special,
      lstrip: token["lstrip"] === true,
      rstrip: token["rstrip"] === true,
      singleWord: token["single_word"] === true,
    };
  });
}

/** A special token is its text, or an object with it as `content`. */
function parseSpecialTokens(config: JsonObject): Partial<Record<SpecialTokenKey, string>> {
  const result: Partial<Record<SpecialTokenKey, string>> = {};
  for (const key of SPECIAL_TOKEN_KEYS) {
    const value = config[key];
    const text = isObject(value) ? value["content"] : value;
    if (typeof text === "string") result[key] = text;
  }
  return result;
}

function parseChatTemplate(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return undefined;
  const named = (value as unknown[]).filter(isObject);
  const chosen = named.find((entry) => entry["name"] === "default") ?? named[0];
  return typeof chosen?.["template"] === "string" ? chosen["template"] : undefined;
}

function processors(postProcessor: unknown): JsonObject[] {
  if (!isObject(postProcessor)) return [];
  if (postProcessor["type"] !== "Sequence") return [postProcessor];
  const list = postProcessor["processors"];
  return Array.isArray(list) ? (list as unknown[]).filter(isObject) : [];
}

function trimsOffsets(postProcessor: unknown): boolean {
  return processors(postProcessor).some((p) => p["type"] === "ByteLevel" && p["trim_offsets"] !== false);
}

function addsBos(postProcessor: unknown, bos: string | undefined): boolean {
  const templates = processors(postProcessor).filter((p) => p["type"] === "TemplateProcessing");
  return templates.some(({ single }) => {
    const first: unknown = Array.isArray(single) ? single[0] : undefined;
    const special = isObject(first) ? first["SpecialToken"] : undefined;
    return isObject(special) && special["id"] === bos;
  });
}
