import { SiftError } from "#shared/errors.ts";
import { withReferenceSpaces } from "./spaces.ts";
import {
  cutting,
  KEEPING,
  keeping,
  metaspace,
  PUNCTUATION,
  removing,
  withPrefix,
  type Word,
  type WordStep,
} from "./words.ts";

/** Cuts a section into pieces that no token crosses. The pieces joined are `text`. */
export interface Pretokenized {
  readonly text: string;
  readonly pieces: readonly string[];
  /** Code units that were put before the section and are not in it. */
  readonly added: number;
  /** The same pieces with their places, where they do not simply follow one another. */
  readonly words?: readonly Word[];
}

/** Cuts one section; some tokenizers treat the first section of a text differently. */
export type Pretokenizer = (text: string, sectionIndex: number) => Pretokenized;

/** A pre-tokenizer of @huggingface/tokenizers. */
export interface LibraryPretokenizer {
  pre_tokenize_text(text: string, options: { section_index: number }): string[];
  readonly config?: Readonly<Record<string, unknown>>;
  readonly pattern?: RegExp | null;
  readonly tokenizers?: readonly LibraryPretokenizer[];
}

/** The pre-tokenizer, and whether pieces are then taken as bytes. */
export interface PretokenizerPlan {
  readonly run: Pretokenizer;
  readonly byteLevel: boolean;
  /** Whether characters are left out. */
  readonly drops: boolean;
}

const GPT2_PATTERN = withReferenceSpaces(
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu,
);

/** One step cuts each piece further. */
type Step = (piece: string) => string[];

/** From the pre-tokenizer of a tokenizer.json. @throws SiftError `tokenizer-unsupported` naming its type. */
export function planPretokenizer(config: unknown, library: LibraryPretokenizer | null): PretokenizerPlan {
  if (!library) return { byteLevel: false, drops: false, run: (text) => ({ text, pieces: [text], added: 0 }) };
  const outer = typeOf(config);
  const configs = outer.type === "Sequence" ? (outer["pretokenizers"] as readonly unknown[]) : [config];
  const libraries = outer.type === "Sequence" ? (library.tokenizers ?? []) : [library];
  const kinds = configs.map(typeOf);
  const byteLevel = kinds.some(({ type }) => type === "ByteLevel");
  const drops = kinds.some(dropsCharacters);
  if (drops || kinds.some(({ type }) => type === "Metaspace")) {
    return { byteLevel, drops, run: wordsOf(kinds.map((kind, i) => planWordStep(kind, libraries[i]))) };
  }
  const prefixSpace = kinds.some(({ type, add_prefix_space }) => type === "ByteLevel" && add_prefix_space === true);
  const steps = kinds.map((kind, i) => planStep(kind, libraries[i]));
  return {
    byteLevel,
    drops,
    run: (section) => {
      const added = prefixSpace && !section.startsWith(" ") ? 1 : 0;
      const text = added > 0 ? ` ${section}` : section;
      return { text, pieces: steps.reduce((pieces, step) => pieces.flatMap(step), [text]), added };
    },
  };
}

const isRemoved = ({ type, behavior, invert }: Kind): boolean =>
  type === "Split" && typeof behavior === "string" && behavior.toLowerCase() === "removed" && invert !== true;
const dropsCharacters = (kind: Kind): boolean => Object.hasOwn(KEEPING, kind.type) || isRemoved(kind);

/** Steps that know the places of their pieces. */
function wordsOf(steps: readonly WordStep[]): Pretokenizer {
  return (section, sectionIndex) => {
    const first: Word[] = [{ text: section, start: 0, added: 0 }];
    const words = steps.reduce((done, step) => done.flatMap((word) => step(word, sectionIndex)), first);
    return { text: words.map(({ text }) => text).join(""), pieces: words.map(({ text }) => text), added: 0, words };
  };
}

function planWordStep(kind: Kind, library: LibraryPretokenizer | undefined): WordStep {
  const kept = Object.hasOwn(KEEPING, kind.type) ? KEEPING[kind.type] : undefined;
  if (kept) return keeping(kept);
  if (kind.type === "Metaspace") return metaspace(kind);
  if (isRemoved(kind) && library?.pattern) return removing(withReferenceSpaces(library.pattern));
  const step = cutting(planStep(kind, library));
  if (kind.type !== "ByteLevel" || kind["add_prefix_space"] !== true) return step;
  return (word, sectionIndex) => step(withPrefix(word, " "), sectionIndex);
}

type Kind = Readonly<Record<string, unknown>> & { readonly type: string };

function typeOf(config: unknown): Kind {
  const object = typeof config === "object" && config !== null ? (config as Record<string, unknown>) : {};
  return { ...object, type: typeof object["type"] === "string" ? object["type"] : "?" };
}

/** What is not in here would cut differently from the reference, so it is refused by name. */
function planStep(config: Kind, library: LibraryPretokenizer | undefined): Step {
  if (config.type === "ByteLevel")
    return config["use_regex"] === false ? (piece) => [piece] : (piece) => cut(piece, GPT2_PATTERN);
  if (config.type === "Split" && library?.pattern) return planSplit(config, withReferenceSpaces(library.pattern));
  if (config.type === "Digits") {
    const pattern = config["individual_digits"] === true ? /\p{N}/gu : /\p{N}+/gu;
    return (piece) => cut(piece, pattern);
  }
  if (config.type === "Punctuation") return planPunctuation(config);
  throw unsupported(`the pre-tokenizer ${config.type}`);
}

function planSplit(config: Readonly<Record<string, unknown>>, pattern: RegExp): Step {
  const behaviour = (typeof config["behavior"] === "string" ? config["behavior"] : "Isolated").toLowerCase();
  if (behaviour === "isolated") return (piece) => cut(piece, pattern);
  if (behaviour === "removed" && config["invert"] === true)
    return (piece) => complete(piece, piece.match(pattern) ?? [], "Split");
  // The other behaviours differ from a cut only where the pattern is found.
  return (piece) => {
    pattern.lastIndex = 0;
    if (!pattern.test(piece)) return [piece];
    pattern.lastIndex = 0;
    if (behaviour === "mergedwithprevious") return mergeMatches(piece, pattern, { withNext: false });
    if (behaviour === "mergedwithnext") return mergeMatches(piece, pattern, { withNext: true });
    throw unsupported(`a pre-tokenizer Split with the behaviour ${behaviour}`);
  };
}

/** Matches and what stands between them. */
function cut(text: string, pattern: RegExp): string[] {
  const pieces: string[] = [];
  let at = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    if (match[0] === "") {
      pattern.lastIndex++;
      continue;
    }
    if (match.index > at) pieces.push(text.slice(at, match.index));
    pieces.push(match[0]);
    at = match.index + match[0].length;
  }
  if (at < text.length) pieces.push(text.slice(at));
  return pieces;
}

/** Each match stays with the piece before it, or with the one after it. */
function mergeMatches(text: string, pattern: RegExp, options: { withNext: boolean }): string[] {
  const cuts = [...text.matchAll(pattern)].map((match) =>
    options.withNext ? match.index : match.index + match[0].length,
  );
  const bounds = [0, ...cuts, text.length];
  return bounds
    .slice(1)
    .map((end, i) => text.slice(bounds[i], end))
    .filter((piece) => piece !== "");
}

function complete(text: string, pieces: string[], type: string): string[] {
  if (pieces.join("") === text) return pieces;
  throw unsupported(`a pre-tokenizer ${type} that drops characters`);
}

function planPunctuation({ behavior = "Isolated" }: Kind): Step {
  const name = typeof behavior === "string" ? behavior.toLowerCase() : "?";
  if (name !== "isolated" && name !== "contiguous")
    throw unsupported(`a pre-tokenizer Punctuation with the behaviour ${name}`);
  const pattern = new RegExp(name === "isolated" ? `[${PUNCTUATION}]` : `[${PUNCTUATION}]+`, "gu");
  return (piece) => cut(piece, pattern);
}

function unsupported(what: string): SiftError {
  return new SiftError("tokenizer-unsupported", `the tokenizer uses ${what}, which is not supported`, {
    remedy: "use a model whose tokenizer cuts texts as GPT-2, Llama, Qwen, T5 or BERT do",
  });
}
