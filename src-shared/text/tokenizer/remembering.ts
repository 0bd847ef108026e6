import { type SectionPlace, Tokenizer, type TokenizedText } from "./tokenizer.ts";

/** Characters of remembered text; a view's rows are far smaller, and two generations of them fit. */
const MAX_CHARACTERS = 4_000_000;

/**
 * A tokenizer that remembers the sections of text (what stands between added tokens) which it has tokenised, for a text
 * that changes a little at a time: only sections that changed are tokenised again. The ids are the plain tokenizer's,
 * since a section's tokens depend on nothing but its text and on whether it is the first.
 */
export class RememberingTokenizer extends Tokenizer {
  #fresh = new Map<string, TokenizedText>();
  #older = new Map<string, TokenizedText>();
  #characters = 0;

  protected override encodeSection(text: string, place: SectionPlace): void {
    if (place.isText) return super.encodeSection(text, place);
    const key = `${place.index === 0 ? "^" : " "}${text}`;
    const tokens = this.#fresh.get(key) ?? this.#remember(key, text, place.index);
    const { out, base } = place;
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
