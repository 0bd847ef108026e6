import { SiftError } from "#shared/errors.ts";
import { MergeTable } from "./mergeTable.ts";
import { BYTE_TO_CHARACTER, pushUtf8 } from "./utf8.ts";

/** The model part of a tokenizer.json, read. */
export interface BpeConfig {
  readonly vocab: ReadonlyMap<string, number>;
  readonly merges: readonly (readonly [string, string])[];
  /** Symbols are the bytes of the text (GPT-2 style) rather than its characters. */
  readonly byteLevel: boolean;
  readonly byteFallback: boolean;
  readonly ignoreMerges: boolean;
  readonly unknownId: number | undefined;
  readonly fuseUnknown: boolean;
}

/** Tokens of one piece of text; starts and ends are code units in the piece, a character cut into bytes belongs to each of its tokens. */
export interface PieceTokens {
  readonly ids: readonly number[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly hasUnknown: boolean;
}

/** Pieces repeat (words, punctuation); this many are remembered before starting over. */
const CACHE_SIZE = 65_536;
/** Longer pieces seldom repeat, and from 13 characters on V8 would keep the whole text that a piece was cut from. */
const CACHED_LENGTH = 12;
/** Positions in a heap key; ranks stand above them. */
const POSITIONS = 2 ** 26;

/**
 * Byte-pair encoding as in Hugging Face tokenizers' `models/bpe`: the lowest rank first, the leftmost among equals.
 * Written here because the reference for JavaScript looks merges up by strings and gives no offsets.
 */
export class Bpe {
  private readonly config: BpeConfig;
  private readonly merges: MergeTable;
  private readonly byteIds: readonly (number | undefined)[];
  private readonly cache = new Map<string, PieceTokens>();

  constructor(config: BpeConfig) {
    this.config = config;
    this.merges = new MergeTable(config.merges.length);
    for (const [rank, [left, right]] of config.merges.entries()) this.addMerge(left, right, rank);
    const byteToken = config.byteLevel
      ? (byte: number) => BYTE_TO_CHARACTER[byte] ?? ""
      : (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
    this.byteIds = Array.from({ length: 256 }, (_, byte) => config.vocab.get(byteToken(byte)));
  }

  private addMerge(left: string, right: string, rank: number): void {
    const { vocab } = this.config;
    const leftId = vocab.get(left);
    const rightId = vocab.get(right);
    const merged = vocab.get(left + right);
    if (leftId === undefined || rightId === undefined || merged === undefined) {
      throw new SiftError(
        "tokenizer-merges",
        `merge ${rank} (${left} ${right}) names a token that is not in the vocabulary`,
      );
    }
    this.merges.add(leftId, rightId, { rank, merged });
  }

  encode(piece: string): PieceTokens {
    const cached = this.cache.get(piece);
    if (cached) return cached;
    const tokens = this.encodeNew(piece);
    if (piece.length <= CACHED_LENGTH) {
      if (this.cache.size >= CACHE_SIZE) this.cache.clear();
      this.cache.set(piece, tokens);
    }
    return tokens;
  }

  private encodeNew(piece: string): PieceTokens {
    if (this.config.ignoreMerges) {
      const whole = this.config.vocab.get(this.config.byteLevel ? toByteCharacters(piece) : piece);
      if (whole !== undefined) return { ids: [whole], starts: [0], ends: [piece.length], hasUnknown: false };
    }
    const symbols = this.config.byteLevel ? this.byteSymbols(piece) : this.characterSymbols(piece);
    if (symbols.ids.length > 1) this.mergeAll(symbols);
    return compact(symbols);
  }

  /** GPT-2 style: every byte of the text is a symbol. */
  private byteSymbols(piece: string): Symbols {
    const symbols = new Symbols();
    const bytes: number[] = [];
    for (let at = 0; at < piece.length;) {
      const code = piece.codePointAt(at) ?? 0;
      const end = at + (code > 0xffff ? 2 : 1);
      bytes.length = 0;
      pushUtf8(bytes, code);
      for (const byte of bytes) symbols.push(this.byteIds[byte] ?? this.unknown(symbols), at, end);
      at = end;
    }
    return symbols;
  }

  /** SentencePiece style: every character is a symbol; one that the vocabulary lacks falls back to its bytes. */
  private characterSymbols(piece: string): Symbols {
    const symbols = new Symbols();
    let at = 0;
    for (const char of piece) {
      const id = this.config.vocab.get(char);
      if (id !== undefined) symbols.push(id, at, at + char.length);
      else this.pushMissing(symbols, char, at);
      at += char.length;
    }
    return symbols;
  }

  /** Bytes where all of them are in the vocabulary, else the unknown token, neighbours fused where the model says so. */
  private pushMissing(symbols: Symbols, char: string, at: number): void {
    const end = at + char.length;
    const bytes: number[] = [];
    pushUtf8(bytes, char.codePointAt(0) ?? 0);
    const ids = this.config.byteFallback ? bytes.map((byte) => this.byteIds[byte]) : [undefined];
    if (ids.every((id) => id !== undefined)) {
      for (const id of ids) symbols.push(id, at, end);
      return;
    }
    const unknown = this.unknown(symbols);
    const last = symbols.ids.length - 1;
    if (this.config.fuseUnknown && symbols.ids[last] === unknown) symbols.ends[last] = end;
    else symbols.push(unknown, at, end);
  }

  private unknown(symbols: Symbols): number {
    symbols.hasUnknown = true;
    if (this.config.unknownId !== undefined) return this.config.unknownId;
    throw new SiftError(
      "tokenizer-unknown",
      "the text has a character that the tokenizer cannot express, and it has no unknown token",
    );
  }

  /** Pairs wait in a heap by rank, then position; one that has changed meanwhile is passed over when it comes up. */
  private mergeAll(symbols: Symbols): void {
    const { ids, ends, previous, next } = symbols;
    const { merges } = this;
    const heap = new MinHeap();
    const offer = (at: number): void => {
      const right = next[at] ?? -1;
      if (at < 0 || right < 0) return;
      const slot = merges.slot(ids[at] ?? -1, ids[right] ?? -1);
      if (slot >= 0) heap.push(merges.rankAt(slot) * POSITIONS + at);
    };
    for (let at = 0; at < ids.length - 1; at++) offer(at);
    for (let key = heap.pop(); key !== undefined; key = heap.pop()) {
      const at = key % POSITIONS;
      const right = next[at] ?? -1;
      if (right < 0 || (ids[at] ?? -1) < 0) continue;
      const slot = merges.slot(ids[at] ?? -1, ids[right] ?? -1);
      // Something else was merged here since the pair was offered.
      if (slot < 0 || merges.rankAt(slot) !== Math.floor(key / POSITIONS)) continue;
      ids[at] = merges.mergedAt(slot);
      ends[at] = ends[right] ?? 0;
      ids[right] = -1;
      const after = next[right] ?? -1;
      next[at] = after;
      if (after >= 0) previous[after] = at;
      offer(previous[at] ?? -1);
      offer(at);
    }
  }
}

function toByteCharacters(piece: string): string {
  const bytes: number[] = [];
  for (const char of piece) pushUtf8(bytes, char.codePointAt(0) ?? 0);
  return bytes.map((byte) => BYTE_TO_CHARACTER[byte] ?? "").join("");
}

/** A linked list of symbols in arrays; a merged-away symbol has id -1. */
class Symbols {
  readonly ids: number[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly previous: number[] = [];
  readonly next: number[] = [];
  hasUnknown = false;

  push(id: number, start: number, end: number): void {
    const at = this.ids.length;
    if (at > 0) this.next[at - 1] = at;
    this.ids.push(id);
    this.starts.push(start);
    this.ends.push(end);
    this.previous.push(at - 1);
    this.next.push(-1);
  }
}

function compact(symbols: Symbols): PieceTokens {
  const ids: number[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  for (let at = symbols.ids.length > 0 ? 0 : -1; at >= 0; at = symbols.next[at] ?? -1) {
    ids.push(symbols.ids[at] ?? 0);
    starts.push(symbols.starts[at] ?? 0);
    ends.push(symbols.ends[at] ?? 0);
  }
  return { ids, starts, ends, hasUnknown: symbols.hasUnknown };
}

/** A binary heap of numbers, the smallest first. */
class MinHeap {
  private readonly keys: number[] = [];

  push(key: number): void {
    const { keys } = this;
    let at = keys.length;
    keys.push(key);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = keys[parent] ?? 0;
      if (above <= key) break;
      keys[at] = above;
      at = parent;
    }
    keys[at] = key;
  }

  pop(): number | undefined {
    const { keys } = this;
    const top = keys[0];
    const last = keys.pop();
    if (top === undefined || last === undefined || keys.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= keys.length) break;
      if (child + 1 < keys.length && (keys[child + 1] ?? 0) < (keys[child] ?? 0)) child++;
      const below = keys[child] ?? 0;
      if (below >= last) break;
      keys[at] = below;
      at = child;
    }
    keys[at] = last;
    return top;
  }
}
