import type { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import { SiftError } from "#shared/errors.ts";
import { type AddedToken, AddedTokenSplitter, type Section } from "./addedTokens.ts";
import { Bpe, type PieceTokens } from "./bpe.ts";
import { type LibraryNormalizer, normalizeWithSpans } from "./normalize.ts";
import type { Spans } from "./spanBuilder.ts";
import { type LibraryPretokenizer, planPretokenizer, type Pretokenizer } from "./pretokenize.ts";
import { type ModelConfig, parseTokenizerFiles, type TokenizerFiles } from "./files.ts";
import { Unigram } from "./unigram.ts";
import type { Word } from "./words.ts";
import { WordPiece } from "./wordPiece.ts";

/** Token ids of a text with the characters each stands for; arrays have one entry a token. */
export interface TokenizedText {
  readonly ids: number[];
  /** Code units in the text, ends excluded. */
  readonly starts: number[];
  readonly ends: number[];
  /** The tokens stand for another text: the normalizer changed it, or characters became the unknown token. */
  readonly lossy: boolean;
}

/**
 * A Hugging Face tokenizer (tokenizer.json, tokenizer_config.json) that also says which characters a token stands for.
 * @huggingface/tokenizers reads the files, normalizes, cuts and decodes; merging and offsets are ours (docs/decisions/004).
 */
export class Tokenizer {
  readonly files: TokenizerFiles;
  readonly vocabularySize: number;
  /** Whether the reference's offsets leave out spaces at a token's ends (`trim_offsets` of the post-processor). */
  readonly trimsOffsets: boolean;
  private readonly library: LibraryTokenizer;
  private readonly model: PieceModel;
  private readonly dropsCharacters: boolean;
  private readonly pretokenize: Pretokenizer;
  private readonly normalizer: LibraryNormalizer | null;
  private readonly rawSplitter: AddedTokenSplitter;
  private readonly normalizedSplitter: AddedTokenSplitter;
  private readonly addedById = new Map<number, AddedToken>();
  private readonly vocab: ReadonlyMap<string, number>;

  /** @throws SiftError `tokenizer-file` or `tokenizer-unsupported`. */
  constructor(tokenizerJson: unknown, tokenizerConfig: unknown = {}) {
    this.files = parseTokenizerFiles(tokenizerJson, tokenizerConfig);
    const { model, addedTokens } = this.files;
    this.library = this.files.openLibrary();
    this.vocab = model.vocab;
    this.vocabularySize = this.files.vocabularySize;
    this.trimsOffsets = this.files.trimsOffsets;
    this.normalizer = this.library.normalizer;
    const plan = planPretokenizer(this.files.pretokenizer, this.library.pre_tokenizer as LibraryPretokenizer | null);
    this.pretokenize = plan.run;
    this.dropsCharacters = plan.drops;
    this.model = openModel(model, plan.byteLevel);
    const raw = new Map<string, AddedToken>();
    const normalized = new Map<string, AddedToken>();
    for (const token of addedTokens) {
      this.addedById.set(token.id, token);
      if (token.normalized && this.normalizer)
        normalized.set(normalizeWithSpans(this.normalizer, token.content).text, token);
      else raw.set(token.content, token);
    }
    this.rawSplitter = new AddedTokenSplitter(raw);
    this.normalizedSplitter = new AddedTokenSplitter(normalized);
  }

  /**
   * Token ids without any that the tokenizer would add by itself.
   * @param isContent whether the character at an offset is somebody's text, in which special tokens are text like any other
   * @param border an offset at which a token ends, whatever the tokenizer would join there
   */
  encode(text: string, isContent?: (offset: number) => boolean, border?: number): TokenizedText {
    if (LONE_SURROGATE.test(text)) {
      throw new SiftError(
        "text-surrogate",
        "the text holds half of a character (a lone surrogate), which no token stands for",
        {
          remedy: "correct the row",
        },
      );
    }
    const out = { ids: [] as number[], starts: [] as number[], ends: [] as number[], lossy: false };
    const isText = isContent && ((token: AddedToken, start: number) => token.special && isContent(start));
    const found = this.rawSplitter.split(text, isText);
    const sections = border === undefined ? found : found.flatMap((section) => cutAt(section, border));
    sections.forEach((section, index) => {
      if (section.token) push(out, section.token.id, section.start, section.end);
      else {
        const place = { base: section.start, index, out, ...(isText ? { isText } : {}) };
        this.encodeSection(text.slice(section.start, section.end), place);
      }
    });
    // what was left out may come back with the decoder: spaces between words
    if (this.dropsCharacters && !out.lossy) out.lossy = this.decode(out.ids) !== text;
    return out;
  }

  /** Text between raw added tokens: normalized, then searched for those that are matched after normalization. */
  protected encodeSection(text: string, place: SectionPlace): void {
    if (!this.normalizer) return this.encodeNormalized(text, undefined, place);
    const { text: normalized, spans } = normalizeWithSpans(this.normalizer, text);
    if (spans && !keepsText(text, normalized)) place.out.lossy = true;
    const { isText, base } = place;
    const isPlain = isText && ((token: AddedToken, at: number) => isText(token, base + (spans?.starts[at] ?? at)));
    for (const section of this.normalizedSplitter.split(normalized, isPlain)) {
      const part = shiftSpans(spans, section.start, section.end);
      if (section.token) {
        const last = section.end - 1;
        push(
          place.out,
          section.token.id,
          place.base + (spans?.starts[section.start] ?? section.start),
          place.base + (spans?.ends[last] ?? section.end),
        );
      } else
        this.encodeNormalized(
          normalized.slice(section.start, section.end),
          part,
          spans ? place : { ...place, base: place.base + section.start },
        );
    }
  }

  /** Normalized text without added tokens: cut into pieces, each piece merged, offsets taken back to the original. */
  private encodeNormalized(text: string, spans: Spans | undefined, place: SectionPlace): void {
    if (text === "") return;
    const { pieces, added, words } = this.pretokenize(text, place.index);
    const { base, out } = place;
    let at = -added;
    let [least, most] = [0, 0];
    for (let index = 0; index < pieces.length; index++) {
      const piece = pieces[index] ?? "";
      const word = words?.[index];
      if (word) [at, least, most] = [word.start - word.added, word.start, word.start + ownStart(word)];
      const tokens = this.model.encode(piece);
      if (tokens.hasUnknown) out.lossy = true;
      for (let i = 0; i < tokens.ids.length; i++) {
        const start = Math.max(least, at + (tokens.starts[i] ?? 0));
        // what was put before a word stands for its first character
        const end = Math.max(start < most ? most : least, at + (tokens.ends[i] ?? 0));
        out.ids.push(tokens.ids[i] ?? 0);
        out.starts.push(base + (spans ? (spans.starts[start] ?? 0) : start));
        out.ends.push(base + (spans ? (spans.ends[Math.max(start, end - 1)] ?? 0) : end));
      }
      at += piece.length;
    }
  }

  /** Text of token ids, special tokens included, nothing cleaned up. */
  decode(ids: readonly number[] | Int32Array): string {
    if (ids.length === 0) return "";
    return this.library.decode(Array.from(ids), { skip_special_tokens: false, clean_up_tokenization_spaces: false });
  }

  tokenToId(token: string): number | undefined {
    return this.files.addedTokens.find((added) => added.content === token)?.id ?? this.vocab.get(token);
  }

  /** The token as the vocabulary spells it. */
  idToToken(id: number): string | undefined {
    return this.addedById.get(id)?.content ?? this.library.id_to_token(id);
  }

  /** Whether the id is a special token: one that `skip_special_tokens` would leave out. */
  isSpecial(id: number): boolean {
    return this.addedById.get(id)?.special ?? false;
  }

  /** Whether every text is cut before this token, which is found before anything else happens to the text. */
  cutsText(id: number): boolean {
    const token = this.addedById.get(id);
    return token !== undefined && !(token.normalized && this.normalizer);
  }

  isAdded(id: number): boolean {
    return this.addedById.has(id);
  }
}

/** A section of text in two, where the offset lies inside of it. */
function cutAt(section: Section, offset: number): Section[] {
  const { start, end, token } = section;
  if (token || offset <= start || offset >= end) return [section];
  return [
    { start, end: offset, token },
    { start: offset, end, token },
  ];
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Length of a word's first own character where something was put before it, else 0. */
const ownStart = ({ text, added }: Word): number => (added === 0 ? 0 : (text.codePointAt(added) ?? 0) > 0xffff ? 2 : 1);

/** Turns pieces of text into tokens. */
interface PieceModel {
  encode(piece: string): PieceTokens;
}

function openModel(model: ModelConfig, byteLevel: boolean): PieceModel {
  if (model.kind === "unigram") return new Unigram(model);
  return model.kind === "wordpiece" ? new WordPiece(model) : new Bpe({ ...model, byteLevel });
}

/** Where a section stands and where its tokens go. */
export interface SectionPlace {
  readonly base: number;
  readonly index: number;
  readonly out: { ids: number[]; starts: number[]; ends: number[]; lossy: boolean };
  /** Added tokens that are only text where they stand, by their offset in the whole text. */
  readonly isText?: (token: AddedToken, start: number) => boolean;
}

function push(out: SectionPlace["out"], id: number, start: number, end: number): void {
  out.ids.push(id);
  out.starts.push(start);
  out.ends.push(end);
}

function shiftSpans(spans: Spans | undefined, start: number, end: number): Spans | undefined {
  if (!spans || (start === 0 && end === spans.starts.length)) return spans;
  return { starts: spans.starts.slice(start, end), ends: spans.ends.slice(start, end) };
}

/** SentencePiece's way of writing spaces loses nothing; any other change of the text does. */
function keepsText(text: string, normalized: string): boolean {
  if (text.includes("▁")) return false;
  const spaces = text.replaceAll(" ", "▁");
  return normalized === spaces || normalized === `▁${spaces}`;
}
