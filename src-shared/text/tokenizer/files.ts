import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import { SiftError } from "#shared/errors.ts";
import type { AddedToken } from "./addedTokens.ts";
import type { BpeConfig } from "./bpe.ts";
import type { UnigramConfig } from "./unigram.ts";
import type { WordPieceConfig } from "./wordPiece.ts";

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

/** What turns pieces of text into tokens. */
export type ModelConfig = ({ readonly kind: "bpe" } & Omit<BpeConfig, "byteLevel">) | UnigramConfig | WordPieceConfig;

/** What we use of tokenizer.json and tokenizer_config.json. */
export interface TokenizerFiles {
  readonly model: ModelConfig;
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
  const parsed = parseModel(model);
  const specialTokens = parseSpecialTokens(config);
  const highest = addedTokens.reduce((max, token) => Math.max(max, token.id), highestId(parsed.vocab));
  return {
    model: parsed,
    addedTokens,
    pretokenizer: tokenizerJson["pre_tokenizer"] ?? null,
    trimsOffsets: trimsOffsets(tokenizerJson["post_processor"]),
    vocabularySize: highest + 1,
    specialTokens,
    addsBos: addsBos(tokenizerJson["post_processor"], specialTokens.bos_token),
    chatTemplate: parseChatTemplate(config["chat_template"]),
    openLibrary: () => openLibrary(tokenizerJson, { model, vocab: parsed.vocab }, config),
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

/** Older files leave the type out: then their parts tell, as in the reference. */
function parseModel(model: JsonObject): ModelConfig {
  const { type, vocab, merges, unk_token: unknown, continuing_subword_prefix: prefix } = model;
  const isWordPiece = typeof prefix === "string" && typeof unknown === "string" && merges === undefined;
  const kind = type ?? (Array.isArray(vocab) ? "Unigram" : isWordPiece ? "WordPiece" : "BPE");
  if (kind === "BPE") return { kind: "bpe", ...parseBpe(model) };
  if (kind === "Unigram") return parseUnigram(model);
  if (kind === "WordPiece") return parseWordPiece(model);
  throw new SiftError(
    "tokenizer-unsupported",
    `the tokenizer model is ${JSON.stringify(type)}; BPE, Unigram and WordPiece are supported`,
  );
}

function parseUnigram(model: JsonObject): UnigramConfig {
  if (!Array.isArray(model["vocab"])) throw fileError("the tokenizer's model has no list of tokens with scores");
  const entries = model["vocab"].map((entry: unknown, id): readonly [string, number] => {
    const [token, score] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
    if (typeof token === "string" && typeof score === "number") return [token, score];
    throw fileError(`token ${id} of tokenizer.json is not a text with a score`);
  });
  const tokens = entries.map(([token]) => token);
  return {
    kind: "unigram",
    vocab: new Map(tokens.map((token, id) => [token, id])),
    tokens,
    scores: entries.map(([, score]) => score),
    unknownId: typeof model["unk_id"] === "number" ? model["unk_id"] : undefined,
    byteFallback: model["byte_fallback"] === true,
  };
}

function parseWordPiece(model: JsonObject): WordPieceConfig {
  if (!isObject(model["vocab"])) throw fileError("the tokenizer's model has no vocab");
  const vocab = new Map(Object.entries(model["vocab"] as Readonly<Record<string, number>>));
  const { unk_token: unknown, continuing_subword_prefix: prefix, max_input_chars_per_word: most } = model;
  return {
    kind: "wordpiece",
    vocab,
    unknownId: typeof unknown === "string" ? vocab.get(unknown) : undefined,
    prefix: typeof prefix === "string" ? prefix : "##",
    maxCharacters: typeof most === "number" ? most : 100,
  };
}

function parseBpe(model: JsonObject): Omit<BpeConfig, "byteLevel"> {
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
