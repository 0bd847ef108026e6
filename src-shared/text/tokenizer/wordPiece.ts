import { SiftError } from "#shared/errors.ts";
import type { PieceTokens } from "./bpe.ts";
import { Remembered } from "./pieceCache.ts";

/** A model of tokenizer.json that takes the longest token first (BERT). */
export interface WordPieceConfig {
  readonly kind: "wordpiece";
  readonly vocab: ReadonlyMap<string, number>;
  readonly unknownId: number | undefined;
  /** What stands before a token inside of a word: `##`. */
  readonly prefix: string;
  /** Characters of a word at most; a longer one is the unknown token. */
  readonly maxCharacters: number;
}

/** WordPiece as in Hugging Face tokenizers' `models/wordpiece`: from the left the longest token; a word with a part that is none is unknown as a whole. */
export class WordPiece {
  private readonly config: WordPieceConfig;
  private readonly longest: number;
  private readonly pieces = new Remembered();

  constructor(config: WordPieceConfig) {
    this.config = config;
    this.longest = Array.from(config.vocab.keys()).reduce((most, token) => Math.max(most, token.length), 0);
  }

  encode(piece: string): PieceTokens {
    return this.pieces.get(piece) ?? this.pieces.put(piece, this.encodeNew(piece));
  }

  private encodeNew(piece: string): PieceTokens {
    const columns: { ids: number[]; starts: number[]; ends: number[] } = { ids: [], starts: [], ends: [] };
    if (isLonger(piece, this.config.maxCharacters)) return this.unknown(piece);
    for (let start = 0; start < piece.length;) {
      const [id, end] = this.longestAt(piece, start) ?? [-1, piece.length];
      if (id < 0) return this.unknown(piece);
      columns.ids.push(id);
      columns.starts.push(start);
      columns.ends.push(end);
      start = end;
    }
    return { ...columns, hasUnknown: columns.ids.some((id) => id === this.config.unknownId) };
  }

  private longestAt(piece: string, start: number): [id: number, end: number] | undefined {
    const { vocab, prefix } = this.config;
    const head = start > 0 ? prefix : "";
    for (let end = Math.min(piece.length, start + this.longest); end > start; end--) {
      const id = vocab.get(head + piece.slice(start, end));
      if (id !== undefined) return [id, end];
    }
    return undefined;
  }

  private unknown(piece: string): PieceTokens {
    const { unknownId } = this.config;
    if (unknownId !== undefined) return { ids: [unknownId], starts: [0], ends: [piece.length], hasUnknown: true };
    throw new SiftError(
      "tokenizer-unknown",
      "the tokenizer cannot express a word, and its vocabulary lacks its unknown token",
    );
  }
}

const isLonger = (text: string, most: number): boolean => text.length > most && Array.from(text).length > most;
