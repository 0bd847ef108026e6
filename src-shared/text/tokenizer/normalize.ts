import { SiftError } from "#shared/errors.ts";

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

/** A normalizer of @huggingface/tokenizers. */
export interface LibraryNormalizer {
  readonly config: { readonly type?: string; readonly prepend?: string; readonly content?: string };
  normalize(text: string): string;
  readonly normalizers?: readonly (LibraryNormalizer | null)[];
  readonly pattern?: RegExp | null;
}

/** Applies a normalizer and keeps where every character came from. @throws SiftError `tokenizer-unsupported`. */
export function normalizeWithSpans(normalizer: LibraryNormalizer, text: string): NormalizedText {
  const normalized = normalizer.normalize(text);
  if (normalized === text) return { text, spans: undefined };
  const { type } = normalizer.config;
  if (type === "Sequence") return sequence(normalizer, text);
  if (type === "Prepend") return prepend(normalized, text);
  if (type === "Replace" && normalizer.pattern)
    return replace(text, normalizer.pattern, normalizer.config.content ?? "");
  if (type === "Strip") return strip(text, normalized);
  return byCluster(normalizer, text, normalized);
}

function sequence(normalizer: LibraryNormalizer, text: string): NormalizedText {
  return (normalizer.normalizers ?? []).reduce<NormalizedText>(
    (done, step) => {
      if (!step) return done;
      const next = normalizeWithSpans(step, done.text);
      return { text: next.text, spans: compose(done.spans, next.spans) };
    },
    { text, spans: undefined },
  );
}

function compose(first: Spans | undefined, second: Spans | undefined): Spans | undefined {
  if (!first || !second) return first ?? second;
  return {
    starts: second.starts.map((start) => first.starts[start] ?? 0),
    ends: second.ends.map((end) => first.ends[end - 1] ?? 0),
  };
}

class SpanBuilder {
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

  build(): NormalizedText {
    return { text: this.parts.join(""), spans: { starts: this.starts, ends: this.ends } };
  }
}

/** What is put before the text belongs to its first character, as in the reference. */
function prepend(normalized: string, text: string): NormalizedText {
  const builder = new SpanBuilder();
  const firstLength = (text.codePointAt(0) ?? 0) > 0xffff ? 2 : 1;
  const added = normalized.slice(0, normalized.length - text.length);
  for (const unit of added) builder.add(unit, 0, Math.min(firstLength, text.length));
  builder.add(text, 0, text.length);
  return builder.build();
}

function replace(text: string, pattern: RegExp, content: string): NormalizedText {
  const builder = new SpanBuilder();
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    builder.add(text.slice(at, match.index), at, match.index);
    at = match.index + match[0].length;
    builder.add(content, match.index, at);
  }
  builder.add(text.slice(at), at, text.length);
  return builder.build();
}

function strip(text: string, normalized: string): NormalizedText {
  const builder = new SpanBuilder();
  const start = text.indexOf(normalized);
  builder.add(normalized, start, start + normalized.length);
  return builder.build();
}

/** A letter with the marks and Hangul jamo that may compose with it. */
const CLUSTER = /\P{M}[\p{M}\u1160-\u11ff]*|\p{M}+/gu;

/** Unicode forms and case: cluster by cluster, which must give the same text as the whole. */
function byCluster(normalizer: LibraryNormalizer, text: string, normalized: string): NormalizedText {
  const builder = new SpanBuilder();
  for (const match of text.matchAll(CLUSTER)) {
    builder.add(normalizer.normalize(match[0]), match.index, match.index + match[0].length);
  }
  const result = builder.build();
  if (result.text === normalized) return result;
  throw new SiftError(
    "tokenizer-unsupported",
    `the normalizer ${normalizer.config.type ?? "?"} moves characters in a way that cannot be followed`,
  );
}
