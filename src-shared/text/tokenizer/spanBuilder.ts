/** Text after a normalizer, and where each of its code units came from; undefined spans: nothing moved. */
export interface NormalizedText {
  readonly text: string;
  readonly spans: Spans | undefined;
}

/** Where each code unit of a normalized text came from. */
export interface Spans {
  /** Code units of the original text, one entry a code unit of the normalized text, ends excluded. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Puts a normalized text together, part by part. */
export class SpanBuilder {
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  private readonly parts: string[] = [];

  /** `text` stands for the original's start…end; of equal length, unit for unit. */
  add(text: string, start: number, end: number): void {
    this.parts.push(text);
    const oneToOne = text.length === end - start;
    for (let i = 0; i < text.length; i++) {
      this.starts.push(oneToOne ? start + i : start);
      this.ends.push(oneToOne ? start + i + 1 : end);
    }
  }

  /** A text of which every code unit stands for all of start…end. */
  addWhole(text: string, start: number, end: number): void {
    this.parts.push(text);
    for (let i = 0; i < text.length; i++) {
      this.starts.push(start);
      this.ends.push(end);
    }
  }

  build(): NormalizedText {
    return { text: this.parts.join(""), spans: { starts: this.starts, ends: this.ends } };
  }
}

/** A text whose characters are each replaced by themselves; `undefined` spans where none changed. */
export function mapCharacters(text: string, change: (char: string) => string): NormalizedText {
  const builder = new SpanBuilder();
  let at = 0;
  for (const char of text) {
    builder.addWhole(change(char), at, at + char.length);
    at += char.length;
  }
  const made = builder.build();
  return made.text === text ? { text, spans: undefined } : made;
}
