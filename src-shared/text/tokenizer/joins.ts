import { BYTE_TO_CHARACTER } from "./utf8.ts";

/** Bits of the table of pairs; a large vocabulary has some 25,000 pairs with a character beyond ASCII. */
const BITS = 2 ** 19;

/**
 * Which neighbouring characters some token of a vocabulary holds together. Where none does, no merge can cross the border
 * between them, so a piece may be cut there and its parts merged (and remembered) each on its own with the same result. Errs
 * on one side only: a border that seems joined costs time, not ids.
 */
export class Joins {
  private readonly pairs = new Uint8Array(BITS >> 3);

  /** @param byteLevel whether a token's characters stand for the bytes of its text */
  constructor(tokens: Iterable<string>, byteLevel: boolean) {
    for (const token of tokens) {
      if (!BEYOND_ASCII.test(token)) continue;
      if (byteLevel) this.addBytes(token);
      else this.addCharacters(token);
    }
  }

  private addCharacters(token: string): void {
    let before = 0;
    for (const char of token) {
      const code = char.codePointAt(0) ?? 0;
      if (before > 0) this.add(before, code);
      before = code;
    }
  }

  /** A border between characters lies before each byte that begins one; a token may hold only a part of those around it. */
  private addBytes(token: string): void {
    let before = 0;
    let start = 0;
    for (let at = 1; at <= token.length; at++) {
      if (at < token.length && isContinuation(byteAt(token, at))) continue;
      const unit = unitOf(token, start, at);
      if (start > 0) this.add(before, unit.first);
      before = unit.last;
      start = at;
    }
  }

  private add(left: number, right: number): void {
    const hash = hashOf(left, right);
    this.pairs[hash >> 3] = (this.pairs[hash >> 3] ?? 0) | (1 << (hash & 7));
  }

  private has(left: number, right: number): boolean {
    const hash = hashOf(left, right);
    return ((this.pairs[hash >> 3] ?? 0) & (1 << (hash & 7))) !== 0;
  }

  /** Whether a token may hold both code points side by side. ASCII is not looked into: nearly all of its pairs join. */
  mayJoin(left: number, right: number): boolean {
    if (left < 0x80 && right < 0x80) return true;
    if (this.has(left, right)) return true;
    const [ending, beginning] = [PART | lastByte(left), PART | firstByte(right)];
    return this.has(left, beginning) || this.has(ending, right) || this.has(ending, beginning);
  }
}

/** Characters beyond ASCII; `Ġ` and `Ċ` are how a vocabulary of bytes spells space and line end. */
const BEYOND_ASCII = /[^\0-\x7fĠĊ]/;
/** Marks a byte that stands for whichever character begins or ends with it. */
const PART = 1 << 24;

const hashOf = (left: number, right: number): number => {
  const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) & (BITS - 1);
};

const BYTES = new Uint8Array(512);
for (const [byte, character] of BYTE_TO_CHARACTER.entries()) BYTES[character.charCodeAt(0)] = byte;

const byteAt = (token: string, at: number): number => BYTES[token.charCodeAt(at) & 511] ?? 0;
const isContinuation = (byte: number): boolean => (byte & 0xc0) === 0x80;
const lengthOf = (lead: number): number =>
  lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 0;

/** What the bytes from `start` to `end` are to their neighbours: the code point, or its first or last byte where it is not whole. */
function unitOf(token: string, start: number, end: number): { first: number; last: number } {
  const lead = byteAt(token, start);
  const length = lengthOf(lead);
  if (length !== end - start) return { first: PART | lead, last: PART | byteAt(token, end - 1) };
  let code = length === 1 ? lead : lead & (0xff >> (length + 1));
  for (let at = start + 1; at < end; at++) code = (code << 6) | (byteAt(token, at) & 63);
  return { first: code, last: code };
}

function firstByte(code: number): number {
  if (code < 0x80) return code;
  if (code < 0x800) return 0xc0 | (code >> 6);
  return code < 0x10000 ? 0xe0 | (code >> 12) : 0xf0 | (code >> 18);
}

const lastByte = (code: number): number => (code < 0x80 ? code : 0x80 | (code & 63));
