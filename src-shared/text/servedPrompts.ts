import type { RowTokens } from "./promptEnds.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

/**
 * Whether serving would give the tokens that a form's pieces give. Training tokenizes each piece on its own; whoever serves the model
 * renders the form's Jinja twin and tokenizes the whole text, where pieces may merge (`"# "` and `"Title"`, or two newlines).
 */
export class ServedPrompts {
  readonly #tokenizer: Tokenizer;
  readonly #made: Made;
  /** Index of the first token that the whole text, tokenized at once, has otherwise; Infinity for none. */
  readonly #differs: number;
  /** An earlier prompt was another one, so every longer one is. */
  #isOther = false;

  /** @param made the pieces' tokens from the beginning of the text; what is cut off at its end is not compared */
  constructor(tokenizer: Tokenizer, made: Made) {
    this.#tokenizer = tokenizer;
    this.#made = made;
    this.#differs = differsAt(made, tokenizer.encode(made.text));
  }

  /** Asked in the order of the text. @param end where a prompt ends, in code units */
  same(end: number): boolean {
    const { starts, text } = this.#made;
    if (this.#isOther) return false;
    if ((starts[this.#differs] ?? Infinity) >= end) return true;
    // what follows the prompt may have merged with its end: only the prompt alone decides
    const alone = this.#tokenizer.encode(text.slice(0, end));
    const at = differsAt(this.#made, alone);
    this.#isOther = at < alone.ids.length;
    return !this.#isOther;
  }
}

type Made = Pick<RowTokens, "ids" | "starts" | "text">;
interface Tokens {
  readonly ids: ArrayLike<number>;
  readonly starts: ArrayLike<number>;
}

function differsAt(made: Tokens, whole: Tokens): number {
  const length = Math.max(made.ids.length, whole.ids.length);
  for (let i = 0; i < length; i++) if (made.ids[i] !== whole.ids[i] || made.starts[i] !== whole.starts[i]) return i;
  return Infinity;
}
