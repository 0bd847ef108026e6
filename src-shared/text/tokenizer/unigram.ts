import { SiftError } from "#shared/errors.ts";
import type { PieceTokens } from "./bpe.ts";
import { Remembered } from "./pieceCache.ts";
import { UnitTrie } from "./unitTrie.ts";
import { pushUtf8 } from "./utf8.ts";

/** A model of tokenizer.json whose tokens have scores (SentencePiece's unigram: T5, ALBERT, XLM-R). */
export interface UnigramConfig {
  readonly kind: "unigram";
  readonly vocab: ReadonlyMap<string, number>;
  /** By id. */
  readonly tokens: readonly string[];
  /** Logarithms of probabilities, by id. */
  readonly scores: readonly number[];
  readonly unknownId: number | undefined;
  readonly byteFallback: boolean;
}

/** What an unknown character costs more than the rarest token (`K_UNK_PENALTY` of the reference). */
const UNKNOWN_PENALTY = 10;

/**
 * Unigram as in Hugging Face tokenizers' `models/unigram` (`encode_optimized`): the tokens with the highest sum of scores, found from
 * left to right (Viterbi); the first of equals stays. Unknown characters side by side are one token, or the bytes of all of them.
 */
export class Unigram {
  private readonly config: UnigramConfig;
  private readonly trie: UnitTrie;
  private readonly scores: Float64Array;
  private readonly unknownScore: number;
  private readonly byteIds: readonly (number | undefined)[];
  private readonly pieces = new Remembered();
  /** Best path to each place of the piece: its score, where its last token begins (-1: none yet), and that token. */
  private best = new Float64Array(256);
  private begins = new Int32Array(256);
  private lastIds = new Int32Array(256);

  constructor(config: UnigramConfig) {
    this.config = config;
    this.trie = new UnitTrie(config.tokens);
    this.scores = Float64Array.from(config.scores);
    this.unknownScore = this.scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;
    this.byteIds = Array.from({ length: 256 }, (_, byte) =>
      config.vocab.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`),
    );
  }

  encode(piece: string): PieceTokens {
    return this.pieces.get(piece) ?? this.pieces.put(piece, this.encodeNew(piece));
  }

  private encodeNew(piece: string): PieceTokens {
    this.findPaths(piece);
    return this.read(piece, this.cutsOf(piece));
  }

  private findPaths(piece: string): void {
    this.grow(piece.length + 1);
    const { best, begins, scores } = this;
    begins.fill(-1, 0, piece.length + 1);
    best[0] = 0;
    for (let at = 0; at < piece.length;) {
      const start = at;
      const soFar = best[start] ?? 0;
      const next = start + ((piece.codePointAt(start) ?? 0) > 0xffff ? 2 : 1);
      let hasCharacter = false;
      this.trie.findAll(piece, start, (end, id) => {
        this.offer(end, start, { id, score: (scores[id] ?? 0) + soFar });
        hasCharacter ||= end === next;
      });
      if (!hasCharacter) this.offer(next, start, { id: this.unknown(), score: this.unknownScore + soFar });
      at = next;
    }
  }

  private offer(end: number, start: number, path: { id: number; score: number }): void {
    if (this.begins[end] !== -1 && !(path.score > (this.best[end] ?? 0))) return;
    this.best[end] = path.score;
    this.begins[end] = start;
    this.lastIds[end] = path.id;
  }

  /** Where the tokens of the best path begin, from left to right; unknown neighbours are one. */
  private cutsOf(piece: string): number[] {
    const cuts: number[] = [];
    let wasUnknown = false;
    for (let end = piece.length; end > 0; end = this.begins[end] ?? 0) {
      const isUnknown = this.lastIds[end] === this.config.unknownId;
      if (isUnknown && wasUnknown) cuts.pop();
      cuts.push(this.begins[end] ?? 0);
      wasUnknown = isUnknown;
    }
    return cuts.reverse();
  }

  private read(piece: string, cuts: readonly number[]): PieceTokens {
    const columns: { ids: number[]; starts: number[]; ends: number[] } = { ids: [], starts: [], ends: [] };
    let hasUnknown = false;
    cuts.forEach((start, i) => {
      const end = cuts[i + 1] ?? piece.length;
      const text = piece.slice(start, end);
      const id = this.config.vocab.get(text);
      const ids = id === undefined ? this.missing(text) : [id];
      hasUnknown ||= id === undefined && ids[0] === this.config.unknownId;
      for (const each of ids) {
        columns.ids.push(each);
        columns.starts.push(start);
        columns.ends.push(end);
      }
    });
    return { ...columns, hasUnknown };
  }

  /** The bytes of a text where all of them are in the vocabulary, else the unknown token. */
  private missing(text: string): readonly number[] {
    if (this.config.byteFallback) {
      const bytes: number[] = [];
      for (const char of text) pushUtf8(bytes, char.codePointAt(0) ?? 0);
      const ids = bytes.map((byte) => this.byteIds[byte]);
      if (ids.every((id) => id !== undefined)) return ids;
    }
    return [this.unknown()];
  }

  private unknown(): number {
    if (this.config.unknownId !== undefined) return this.config.unknownId;
    throw new SiftError(
      "tokenizer-unknown",
      "the text has a character that the tokenizer cannot express, and it has no unknown token",
    );
  }

  private grow(length: number): void {
    if (length <= this.best.length) return;
    this.best = new Float64Array(2 * length);
    this.begins = new Int32Array(2 * length);
    this.lastIds = new Int32Array(2 * length);
  }
}
