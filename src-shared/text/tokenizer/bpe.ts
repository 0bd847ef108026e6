import { SiftError } from "#shared/errors.ts";
import { Joins } from "./joins.ts";
import { readMerges } from "./merges.ts";
import type { MergeTable } from "./mergeTable.ts";
import { Remembered } from "./pieceCache.ts";
import { PieceMerger } from "./pieceMerger.ts";
import { BYTE_TO_CHARACTER, pushUtf8 } from "./utf8.ts";

/** The model part of a tokenizer.json, read. */
export interface BpeConfig {
  readonly vocab: ReadonlyMap<string, number>;
  /** As in the file; see `readMerges`. */
  readonly merges: readonly unknown[];
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

/** Only pieces with a character beyond ASCII are cut. */
const BEYOND_ASCII = /[^\0-\x7f]/;

/**
 * Byte-pair encoding as in Hugging Face tokenizers' `models/bpe`: the lowest rank first, the leftmost among equals.
 * Written here because the reference for JavaScript looks merges up by strings and gives no offsets.
 */
export class Bpe {
  private readonly config: BpeConfig;
  private readonly merges: MergeTable;
  private readonly byteIds: readonly (number | undefined)[];
  private readonly pieces = new Remembered();
  /** Apart from pieces: a piece that is a token of its own need not be what its merges give. */
  private readonly parts = new Remembered();
  private readonly symbols: PieceMerger;
  private hasUnknown = false;
  /** Made when the first text beyond ASCII comes; null where a cut could show in the ids. */
  private joins: Joins | null | undefined;

  constructor(config: BpeConfig) {
    this.config = config;
    this.merges = readMerges(config.merges, config.vocab);
    this.symbols = new PieceMerger(this.merges);
    const byteToken = config.byteLevel
      ? (byte: number) => BYTE_TO_CHARACTER[byte] ?? ""
      : (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
    this.byteIds = Array.from({ length: 256 }, (_, byte) => config.vocab.get(byteToken(byte)));
  }

  encode(piece: string): PieceTokens {
    return this.pieces.get(piece) ?? this.pieces.put(piece, this.encodeNew(piece));
  }

  private encodeNew(piece: string): PieceTokens {
    if (this.config.ignoreMerges) {
      const whole = this.config.vocab.get(this.config.byteLevel ? toByteCharacters(piece) : piece);
      if (whole !== undefined) return { ids: [whole], starts: [0], ends: [piece.length], hasUnknown: false };
    }
    const cuts = this.cutsOf(piece);
    return cuts.length > 0 ? this.encodeParts(piece, cuts) : this.merge(piece);
  }

  /** Where no merge can cross, so that the parts on both sides may be merged, and remembered, each on its own. */
  private cutsOf(piece: string): number[] {
    const cuts: number[] = [];
    if (!BEYOND_ASCII.test(piece)) return cuts;
    if (this.joins === undefined)
      this.joins = this.mayCut() ? new Joins(this.config.vocab.keys(), this.config.byteLevel) : null;
    if (this.joins === null) return cuts;
    let before = piece.codePointAt(0) ?? 0;
    for (let at = before > 0xffff ? 2 : 1; at < piece.length;) {
      const code = piece.codePointAt(at) ?? 0;
      if (!this.joins.mayJoin(before, code)) cuts.push(at);
      before = code;
      at += code > 0xffff ? 2 : 1;
    }
    return cuts;
  }

  /** Not where unknown characters are fused over a border, nor where the bytes of a missing character merge. */
  private mayCut(): boolean {
    if (this.config.byteLevel) return true;
    const bytes = new Set<number | undefined>(this.byteIds);
    const known = this.config.byteFallback && !bytes.has(undefined);
    return (known || !this.config.fuseUnknown) && !this.merges.someSide((id) => bytes.has(id));
  }

  private encodeParts(piece: string, cuts: readonly number[]): PieceTokens {
    const columns: { ids: number[]; starts: number[]; ends: number[] } = { ids: [], starts: [], ends: [] };
    let hasUnknown = false;
    for (let cut = 0; cut <= cuts.length; cut++) {
      const base = cuts[cut - 1] ?? 0;
      const part = piece.slice(base, cuts[cut]);
      const tokens = this.parts.get(part) ?? this.parts.put(part, this.merge(part));
      const { ids, starts, ends } = tokens;
      for (let i = 0; i < ids.length; i++) {
        columns.ids.push(ids[i] ?? 0);
        columns.starts.push(base + (starts[i] ?? 0));
        columns.ends.push(base + (ends[i] ?? 0));
      }
      hasUnknown ||= tokens.hasUnknown;
    }
    return { ...columns, hasUnknown };
  }

  private merge(piece: string): PieceTokens {
    const { symbols } = this;
    symbols.length = 0;
    this.hasUnknown = false;
    if (this.config.byteLevel) this.pushBytes(piece);
    else this.pushCharacters(piece);
    if (symbols.length > 1) symbols.mergeAll();
    return this.tokens();
  }

  /** GPT-2 style: every byte of the text is a symbol. */
  private pushBytes(piece: string): void {
    const { symbols, byteIds } = this;
    const bytes: number[] = [];
    for (let at = 0; at < piece.length;) {
      const code = piece.codePointAt(at) ?? 0;
      const end = at + (code > 0xffff ? 2 : 1);
      bytes.length = 0;
      pushUtf8(bytes, code);
      for (const byte of bytes) symbols.push(byteIds[byte] ?? this.unknown(), at, end);
      at = end;
    }
  }

  /** SentencePiece style: every character is a symbol; one that the vocabulary lacks falls back to its bytes. */
  private pushCharacters(piece: string): void {
    let at = 0;
    for (const char of piece) {
      const id = this.config.vocab.get(char);
      if (id !== undefined) this.symbols.push(id, at, at + char.length);
      else this.pushMissing(char, at);
      at += char.length;
    }
  }

  /** Bytes where all of them are in the vocabulary, else the unknown token, neighbours fused where the model says so. */
  private pushMissing(char: string, at: number): void {
    const { symbols } = this;
    const end = at + char.length;
    const bytes: number[] = [];
    pushUtf8(bytes, char.codePointAt(0) ?? 0);
    const ids = this.config.byteFallback ? bytes.map((byte) => this.byteIds[byte]) : [undefined];
    if (ids.every((id) => id !== undefined)) {
      for (const id of ids) symbols.push(id, at, end);
      return;
    }
    const unknown = this.unknown();
    const last = symbols.length - 1;
    if (this.config.fuseUnknown && last >= 0 && symbols.ids[last] === unknown) symbols.ends[last] = end;
    else symbols.push(unknown, at, end);
  }

  private unknown(): number {
    this.hasUnknown = true;
    if (this.config.unknownId !== undefined) return this.config.unknownId;
    throw new SiftError(
      "tokenizer-unknown",
      "the text has a character that the tokenizer cannot express, and it has no unknown token",
    );
  }

  /** What is left of the symbols. */
  private tokens(): PieceTokens {
    const { ids, starts, ends, length } = this.symbols;
    const columns: { ids: number[]; starts: number[]; ends: number[] } = { ids: [], starts: [], ends: [] };
    for (let at = 0; at < length; at++) {
      columns.ids.push(ids[at] ?? 0);
      columns.starts.push(starts[at] ?? 0);
      columns.ends.push(ends[at] ?? 0);
    }
    return { ...columns, hasUnknown: this.hasUnknown };
  }
}

function toByteCharacters(piece: string): string {
  const bytes: number[] = [];
  for (const char of piece) pushUtf8(bytes, char.codePointAt(0) ?? 0);
  return bytes.map((byte) => BYTE_TO_CHARACTER[byte] ?? "").join("");
}
