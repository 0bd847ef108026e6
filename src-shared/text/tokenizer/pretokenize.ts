import { SiftError } from "#shared/errors.ts";
import { withReferenceSpaces } from "./spaces.ts";

/** Cuts a section into pieces that byte-pair encoding does not cross. The pieces joined are `text`. */
export interface Pretokenized {
  readonly text: string;
  readonly pieces: readonly string[];
  /** Code units that were put before the section and are not in it. */
  readonly added: number;
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
}

const GPT2_PATTERN = withReferenceSpaces(
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu,
);

/** One step cuts each piece further. */
type Step = (piece: string) => string[];

/** From the pre-tokenizer of a tokenizer.json. @throws SiftError `tokenizer-unsupported` naming its type. */
export function planPretokenizer(config: unknown, library: LibraryPretokenizer | null): PretokenizerPlan {
  if (!library) return { byteLevel: false, run: (text) => ({ text, pieces: [text], added: 0 }) };
  const outer = typeOf(config);
  const configs = outer.type === "Sequence" ? (outer["pretokenizers"] as readonly unknown[]) : [config];
  const libraries = outer.type === "Sequence" ? (library.tokenizers ?? []) : [library];
  const kinds = configs.map(typeOf);
  const byteLevel = kinds.some(({ type }) => type === "ByteLevel");
  const metaspace = kinds.findIndex(({ type }) => type === "Metaspace");
  if (metaspace >= 0) return { byteLevel, run: planMetaspace(libraries[metaspace], kinds.length) };
  const prefixSpace = kinds.some(({ type, add_prefix_space }) => type === "ByteLevel" && add_prefix_space === true);
  const steps = kinds.map((kind, i) => planStep(kind, libraries[i]));
  return {
    byteLevel,
    run: (section) => {
      const added = prefixSpace && !section.startsWith(" ") ? 1 : 0;
      const text = added > 0 ? ` ${section}` : section;
      return { text, pieces: steps.reduce((pieces, step) => pieces.flatMap(step), [text]), added };
    },
  };
}

function typeOf(config: unknown): Readonly<Record<string, unknown>> & { type: string } {
  const object = typeof config === "object" && config !== null ? (config as Record<string, unknown>) : {};
  return { ...object, type: typeof object["type"] === "string" ? object["type"] : "?" };
}

/** What is not in here would cut differently from the reference, so it is refused by name. */
function planStep(
  config: Readonly<Record<string, unknown>> & { type: string },
  library: LibraryPretokenizer | undefined,
): Step {
  if (config.type === "ByteLevel")
    return config["use_regex"] === false ? (piece) => [piece] : (piece) => cut(piece, GPT2_PATTERN);
  if (config.type === "Split" && library?.pattern) return planSplit(config, withReferenceSpaces(library.pattern));
  if ((config.type === "Digits" || config.type === "Punctuation") && library) return checked(config.type, library);
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

function checked(type: string, library: LibraryPretokenizer): Step {
  return (piece) => complete(piece, library.pre_tokenize_text(piece, { section_index: 0 }), type);
}

function complete(text: string, pieces: string[], type: string): string[] {
  if (pieces.join("") === text) return pieces;
  throw unsupported(`a pre-tokenizer ${type} that drops characters`);
}

function planMetaspace(library: LibraryPretokenizer | undefined, steps: number): Pretokenizer {
  if (!library || steps > 1) throw unsupported("a pre-tokenizer Metaspace among others");
  return (section, sectionIndex) => {
    const pieces = library.pre_tokenize_text(section, { section_index: sectionIndex });
    const text = pieces.join("");
    return { text, pieces, added: text.length - section.length };
  };
}

function unsupported(what: string): SiftError {
  return new SiftError("tokenizer-unsupported", `the tokenizer uses ${what}, which is not supported`, {
    remedy: "use a model whose tokenizer is byte-pair encoding as in GPT-2, Llama or Qwen",
  });
}
