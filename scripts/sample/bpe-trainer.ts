/**
 * Trains a byte-level BPE (Sennrich et al. 2016; bytes as in GPT-2) and writes it as a `tokenizer.json` of Hugging Face
 * tokenizers. Ties go to the pair that was seen first, so that the result depends on the text alone.
 */

/** GPT-2's split: contractions, words with their space, numbers, other characters, white space. */
const SPLIT = /'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** Printable stand-ins for the 256 bytes, as in GPT-2's `bytes_to_unicode`. */
const BYTE_CHARACTERS: readonly string[] = (() => {
  const printable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
})();

interface Word {
  readonly count: number;
  symbols: string[];
}

export interface TrainedBpe {
  readonly vocabulary: Readonly<Record<string, number>>;
  readonly merges: readonly (readonly [string, string])[];
}

/** `specials` take the first ids, then the bytes, then a token a merge until `size` is reached. */
export function trainBpe(texts: Iterable<string>, options: { size: number; specials: readonly string[] }): TrainedBpe {
  const words = countWords(texts);
  const tokens = [...options.specials, ...BYTE_CHARACTERS];
  const merges: (readonly [string, string])[] = [];
  while (tokens.length < options.size) {
    const pair = mostFrequentPair(words);
    if (!pair) break;
    merges.push(pair);
    tokens.push(pair[0] + pair[1]);
    for (const word of words) word.symbols = merge(word.symbols, pair);
  }
  return { vocabulary: Object.fromEntries(tokens.map((token, id) => [token, id])), merges };
}

function countWords(texts: Iterable<string>): Word[] {
  const counts = new Map<string, number>();
  for (const text of texts) for (const [word] of text.matchAll(SPLIT)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => ({
    count,
    symbols: [...Buffer.from(word, "utf8")].map((b) => BYTE_CHARACTERS[b] ?? ""),
  }));
}

function mostFrequentPair(words: readonly Word[]): readonly [string, string] | undefined {
  const counts = new Map<string, number>();
  for (const { symbols, count } of words) {
    for (let i = 0; i + 1 < symbols.length; i++) {
      const key = `${symbols[i]}\u0000${symbols[i + 1]}`;
      counts.set(key, (counts.get(key) ?? 0) + count);
    }
  }
  let best: string | undefined;
  for (const [key, count] of counts) if (count > (best === undefined ? 1 : (counts.get(best) ?? 0))) best = key;
  const [left, right] = best?.split("\u0000") ?? [];
  return left === undefined || right === undefined ? undefined : [left, right];
}

function merge(symbols: readonly string[], [left, right]: readonly [string, string]): string[] {
  const merged: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    const joined = symbols[i] === left && symbols[i + 1] === right;
    merged.push(joined ? left + right : (symbols[i] ?? ""));
    if (joined) i++;
  }
  return merged;
}

/** The tokenizer as a file; special tokens are found before any merging. */
export function tokenizerJson(bpe: TrainedBpe, specials: readonly string[]): object {
  const added = specials.map((content, id) => ({
    id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true,
  })); // prettier-ignore
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: "BPE", dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null,
      fuse_unk: false, byte_fallback: false, ignore_merges: false, vocab: bpe.vocabulary, merges: bpe.merges,
    }, // prettier-ignore
  };
}
