import type { PieceTokens } from "./bpe.ts";

/** Pieces repeat (words, punctuation); this many are remembered in a generation. */
const CACHE_SIZE = 32_768;
/** Longer pieces seldom repeat, and from 13 characters on V8 would keep the whole text that a piece was cut from. */
const CACHED_LENGTH = 12;

/** Tokens of short texts in two generations: what was not asked for while the newer one filled up is forgotten. */
export class Remembered {
  private fresh = new Map<string, PieceTokens>();
  private older = new Map<string, PieceTokens>();

  get(text: string): PieceTokens | undefined {
    if (text.length > CACHED_LENGTH) return undefined;
    const found = this.fresh.get(text);
    if (found) return found;
    const older = this.older.get(text);
    return older && this.put(text, older);
  }

  put(text: string, tokens: PieceTokens): PieceTokens {
    if (text.length > CACHED_LENGTH) return tokens;
    if (this.fresh.size >= CACHE_SIZE) {
      this.older = this.fresh;
      this.fresh = new Map();
    }
    this.fresh.set(text, tokens);
    return tokens;
  }
}
