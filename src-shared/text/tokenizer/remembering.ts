import { type SectionPlace, Tokenizer, type TokenizedText } from "./tokenizer.ts";

/** Characters of remembered text; a view's rows are far smaller, and two generations of them fit. */
const MAX_CHARACTERS = 4_000_000;

/**
 * A tokenizer that remembers the parts of text which it has tokenised, for a text that changes a little at a time: only parts
 * that changed are tokenised again. A part is a section between added tokens, or a line of one where the tokenizer cannot join
 * lines. The ids are the plain tokenizer's, since a part's tokens depend on nothing but its text and whether it is the first.
 */
export class RememberingTokenizer extends Tokenizer {
  readonly #cutsLines: boolean;
  #fresh = new Map<string, TokenizedText>();
  #older = new Map<string, TokenizedText>();
  #characters = 0;

  constructor(tokenizerJson: unknown, tokenizerConfig: unknown = {}) {
    super(tokenizerJson, tokenizerConfig);
    this.#cutsLines =
      keepsLinesApart(tokenizerJson) && !this.files.addedTokens.some(({ content }) => /\n/.test(content));
  }

  protected override encodeSection(text: string, place: SectionPlace): void {
    // Which special tokens are text is decided by place, not by text.
    if (place.isText) return super.encodeSection(text, place);
    if (!this.#cutsLines) return this.#encodePart(text, place);
    let at = 0;
    for (const line of text.split(LINE_START)) {
      this.#encodePart(line, { ...place, base: place.base + at });
      at += line.length;
    }
  }

  #encodePart(text: string, { index, base, out }: SectionPlace): void {
    const key = `${index === 0 ? "^" : " "}${text}`;
    const tokens = this.#fresh.get(key) ?? this.#remember(key, text, index);
    for (let i = 0; i < tokens.ids.length; i++) {
      out.ids.push(tokens.ids[i] ?? 0);
      out.starts.push(base + (tokens.starts[i] ?? 0));
      out.ends.push(base + (tokens.ends[i] ?? 0));
    }
    if (tokens.lossy) out.lossy = true;
  }

  /** Two generations: what was not asked for while the newer one filled up is forgotten. */
  #remember(key: string, text: string, index: number): TokenizedText {
    let tokens = this.#older.get(key);
    if (!tokens) {
      const out = { ids: [], starts: [], ends: [], lossy: false };
      super.encodeSection(text, { base: 0, index, out });
      tokens = out;
    }
    this.#characters += text.length;
    if (this.#characters > MAX_CHARACTERS) {
      this.#older = this.#fresh;
      this.#fresh = new Map();
      this.#characters = text.length;
    }
    this.#fresh.set(key, tokens);
    return tokens;
  }
}

/** Between a line end and what is no white space. */
const LINE_START = /(?<=\n)(?=\S)/u;

/**
 * Whether no piece holds a line end with something other than white space behind it, and cutting there changes no other piece. So
 * it is with the patterns of Qwen, Llama 3 and GPT-4, which take white space up to the last line end as one piece; not with
 * GPT-2's, where white space before a word depends on the word.
 */
function keepsLinesApart(tokenizerJson: unknown): boolean {
  const { pre_tokenizer: pretokenizer, normalizer } = tokenizerJson as Readonly<Record<string, unknown>>;
  const normal = normalizer === null || normalizer === undefined || JSON.stringify(normalizer) === '{"type":"NFC"}';
  const steps = (pretokenizer as { pretokenizers?: unknown } | null)?.pretokenizers;
  if (!normal || !Array.isArray(steps) || steps.length !== 2) return false;
  const [split, bytes] = steps as readonly Readonly<Record<string, unknown>>[];
  if (!split || !bytes) return false;
  const { Regex: pattern } = (split["pattern"] ?? {}) as { Regex?: unknown };
  const cuts = split["type"] === "Split" && split["behavior"] === "Isolated" && split["invert"] !== true;
  const plain = bytes["type"] === "ByteLevel" && bytes["add_prefix_space"] !== true && bytes["use_regex"] === false;
  return cuts && plain && typeof pattern === "string" && PATTERNS.includes(pattern);
}

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";
const REST = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
/** Qwen 2 and 3; Llama 3 (numbers of up to three digits). */
const PATTERNS = [`${CONTRACTIONS}\\p{N}${REST}`, `${CONTRACTIONS}\\p{N}{1,3}${REST}`];
