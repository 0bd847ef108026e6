/** What is needed of a tokenizer. */
export interface Decoder {
  decode(ids: readonly number[]): string;
  isSpecial(id: number): boolean;
}

const REPLACEMENT = "\ufffd";

/**
 * Turns token ids into text as they come. A character may be spread over several tokens: what is not a whole character yet
 * is held back. Only the last few tokens are decoded each time, behind a context that fixes spaces at the seam.
 */
export class TokenText {
  readonly #decoder: Decoder;
  readonly #ids: number[] = [];
  /** Tokens before this are context that has been given out. */
  #contextStart = 0;
  #givenOut = 0;
  text = "";

  constructor(decoder: Decoder) {
    this.#decoder = decoder;
  }

  /** @returns the new text, empty while a character is incomplete. Special tokens have no text. */
  push(id: number): string {
    if (this.#decoder.isSpecial(id)) return this.end();
    this.#ids.push(id);
    return this.#take(false);
  }

  /** Whatever was held back. */
  end(): string {
    return this.#take(true);
  }

  #take(all: boolean): string {
    const context = this.#decoder.decode(this.#ids.slice(this.#contextStart, this.#givenOut));
    const extended = this.#decoder.decode(this.#ids.slice(this.#contextStart));
    if (extended.length <= context.length || (!all && extended.endsWith(REPLACEMENT))) return "";
    const delta = extended.slice(context.length);
    this.#contextStart = this.#givenOut;
    this.#givenOut = this.#ids.length;
    this.text += delta;
    return delta;
  }
}
