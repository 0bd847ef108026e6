import { SiftError } from "#shared/errors.ts";
import { type NormalizedText, SpanBuilder } from "./spanBuilder.ts";
import { pushUtf8 } from "./utf8.ts";

/** Graphemes of so many bytes are replaced as a whole, if at all. */
const MOST_BYTES = 5;
const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });
/** Nothing but letters, digits, signs and spaces of ASCII: each is a grapheme. */
const PLAIN = /^[\x20-\x7e]*$/;

/**
 * SentencePiece's compiled normalization rules (`precompiled_charsmap`): a double-array trie over UTF-8 (darts-clone) whose values are
 * offsets into a list of texts that end with a zero byte. Source: google/sentencepiece `normalizer.cc`, huggingface/spm_precompiled.
 */
export class CharsMap {
  private readonly units: Uint32Array;
  private readonly texts: Uint8Array;
  private readonly known = new Map<string, string | undefined>();

  /** @param base64 as in tokenizer.json. @throws SiftError `tokenizer-file` */
  constructor(base64: string) {
    const bytes = fromBase64(base64);
    const view = new DataView(bytes.buffer);
    const size = bytes.length >= 4 ? view.getUint32(0, true) : Infinity;
    if (size + 4 > bytes.length) throw broken();
    this.units = Uint32Array.from({ length: size >> 2 }, (_, i) => view.getUint32(4 + 4 * i, true));
    this.texts = bytes.subarray(4 + size);
  }

  /** As the reference: a short grapheme at once, else its characters. */
  normalize(text: string): NormalizedText {
    const parts = PLAIN.test(text) ? undefined : Array.from(GRAPHEMES.segment(text), ({ segment }) => segment);
    const builder = new SpanBuilder();
    let changed = false;
    let at = 0;
    for (const part of parts ?? text) {
      const whole = bytesOf(part) <= MOST_BYTES ? this.replacement(part) : undefined;
      if (whole !== undefined) addReplaced(builder, whole, { text: part, start: at });
      let place = at;
      for (const char of whole === undefined ? part : "") {
        const own = this.replacement(char);
        addReplaced(builder, own ?? char, { text: char, start: place });
        changed ||= own !== undefined;
        place += char.length;
      }
      changed ||= whole !== undefined;
      at += part.length;
    }
    return changed ? builder.build() : { text, spans: undefined };
  }

  /** What the shortest beginning of a text that has a rule is replaced by. */
  private replacement(text: string): string | undefined {
    if (this.known.has(text)) return this.known.get(text);
    const found = this.find(text);
    if (this.known.size > 10_000) this.known.clear();
    this.known.set(text, found);
    return found;
  }

  private find(text: string): string | undefined {
    const bytes: number[] = [];
    for (const char of text) pushUtf8(bytes, char.codePointAt(0) ?? 0);
    let node = offsetOf(this.unit(0));
    for (const byte of bytes) {
      if (byte === 0) return undefined;
      node ^= byte;
      const unit = this.unit(node);
      if ((unit & 0x800000ff) >>> 0 !== byte) return undefined;
      node ^= offsetOf(unit);
      if (((unit >>> 8) & 1) === 1) return this.textAt(this.unit(node) & 0x7fffffff);
    }
    return undefined;
  }

  private unit(at: number): number {
    return this.units[at] ?? 0;
  }

  private textAt(offset: number): string {
    let end = offset;
    while (end < this.texts.length && this.texts[end] !== 0) end++;
    return fromUtf8(this.texts.subarray(offset, end));
  }
}

const offsetOf = (unit: number): number => ((unit >>> 10) << ((unit & 512) >>> 6)) >>> 0;

/** The reference lets new characters stand for old ones in order; what is new beyond them for the last, old ones beyond for none. */
function addReplaced(builder: SpanBuilder, made: string, { text, start }: { text: string; start: number }): void {
  const old: [number, number][] = [];
  for (const char of text) {
    const from = old.at(-1)?.[1] ?? start;
    old.push([from, from + char.length]);
  }
  let i = 0;
  for (const char of made) {
    const [from, to] = old[Math.min(i++, old.length - 1)] ?? [start, start];
    builder.addWhole(char, from, to);
  }
}

function bytesOf(text: string): number {
  let count = 0;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    count += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return count;
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const DIGITS = new Map(Array.from(BASE64, (char, i) => [char.charCodeAt(0), i]));

/** Without `atob`, which not every place that runs this code has a type for. */
function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replace(/=+$/, "");
  const bytes = new Uint8Array((digits.length * 3) >> 2);
  let [held, bits, at] = [0, 0, 0];
  for (let i = 0; i < digits.length; i++) {
    const digit = DIGITS.get(digits.charCodeAt(i));
    if (digit === undefined) throw broken();
    held = ((held << 6) | digit) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (held >> bits) & 255;
  }
  return bytes;
}

/** Bytes of a file that is known to be UTF-8. */
function fromUtf8(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i] ?? 0;
    const more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    let code = more === 0 ? first : first & (0x3f >> more);
    for (let k = 1; k <= more; k++) code = (code << 6) | ((bytes[i + k] ?? 0) & 63);
    text += String.fromCodePoint(code);
    i += more + 1;
  }
  return text;
}

function broken(): SiftError {
  return new SiftError("tokenizer-file", "the precompiled_charsmap of tokenizer.json is damaged", {
    remedy: "use a model folder with the tokenizer files it was published with",
  });
}
