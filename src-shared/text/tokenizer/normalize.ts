import { SiftError } from "#shared/errors.ts";
import { type BertSettings, normalizeBert } from "./bertNormalizer.ts";
import { CharsMap } from "./charsMap.ts";
import { mapCharacters, type NormalizedText, SpanBuilder, type Spans } from "./spanBuilder.ts";
import { skipSpaces, skipSpacesBack } from "./spaces.ts";

/** A normalizer of @huggingface/tokenizers. */
export interface LibraryNormalizer {
  readonly config: BertSettings & {
    readonly type?: string;
    readonly content?: string;
    readonly precompiled_charsmap?: unknown;
    readonly strip_left?: unknown;
    readonly strip_right?: unknown;
  };
  normalize(text: string): string;
  readonly normalizers?: readonly (LibraryNormalizer | null)[];
  readonly pattern?: RegExp | null;
}

/** Applies a normalizer and keeps where every character came from. @throws SiftError `tokenizer-unsupported`. */
export function normalizeWithSpans(normalizer: LibraryNormalizer, text: string): NormalizedText {
  const { type = "" } = normalizer.config;
  const own = Object.hasOwn(OWN, type) ? OWN[type] : undefined;
  if (own) return own(normalizer, text);
  const normalized = normalizer.normalize(text);
  if (normalized === text) return { text, spans: undefined };
  if (type === "Prepend") return prepend(normalized, text);
  if (type === "Replace" && normalizer.pattern)
    return replace(text, normalizer.pattern, normalizer.config.content ?? "");
  return byCluster(normalizer, text, normalized);
}

/** What the library does otherwise than the reference, or cannot tell the places of. */
const OWN: Readonly<Record<string, (normalizer: LibraryNormalizer, text: string) => NormalizedText>> = {
  Sequence: sequence,
  Strip: strip,
  BertNormalizer: ({ config }, text) => normalizeBert(config, text),
  Lowercase: (_, text) => mapCharacters(text, (char) => char.toLowerCase()),
  StripAccents: (_, text) => mapCharacters(text, (char) => (/\p{M}/u.test(char) ? "" : char)),
  Precompiled: (normalizer, text) => charsMapOf(normalizer)?.normalize(text) ?? { text, spans: undefined },
};

const charsMaps = new WeakMap<LibraryNormalizer, CharsMap>();

/** Undefined where the file holds none: then nothing is replaced. */
function charsMapOf(normalizer: LibraryNormalizer): CharsMap | undefined {
  const { precompiled_charsmap: base64 } = normalizer.config;
  if (typeof base64 !== "string" || base64 === "") return undefined;
  const map = charsMaps.get(normalizer) ?? new CharsMap(base64);
  charsMaps.set(normalizer, map);
  return map;
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

function strip({ config }: LibraryNormalizer, text: string): NormalizedText {
  const start = config.strip_left === true ? skipSpaces(text, 0) : 0;
  const end = config.strip_right === true ? Math.max(start, skipSpacesBack(text, text.length)) : text.length;
  if (end - start === text.length) return { text, spans: undefined };
  const builder = new SpanBuilder();
  builder.add(text.slice(start, end), start, end);
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
