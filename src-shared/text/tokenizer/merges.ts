import { SiftError } from "#shared/errors.ts";
import { MergeTable } from "./mergeTable.ts";

type Vocabulary = ReadonlyMap<string, number>;

/**
 * The merges of a tokenizer.json: pairs of tokens, or text with a space between them; the earlier has the lower rank.
 * @throws SiftError `tokenizer-file` where one is not a pair, `tokenizer-merges` where the vocabulary lacks a token
 */
export function readMerges(merges: readonly unknown[], vocab: Vocabulary): MergeTable {
  const table = new MergeTable(merges.length);
  const names = new MergedNames(vocab);
  for (const [rank, merge] of merges.entries()) {
    const [left, right] = pairOf(merge, rank, vocab);
    const [leftId, rightId, merged] = [vocab.get(left), vocab.get(right), names.idOf(left, right)];
    if (leftId === undefined || rightId === undefined || merged === undefined) {
      throw new SiftError(
        "tokenizer-merges",
        `merge ${rank} (${left} ${right}) names a token that is not in the vocabulary`,
      );
    }
    table.add(leftId, rightId, { rank, merged });
  }
  return table;
}

/** Ids of merged tokens. Most vocabularies list them in the order of their merges, so the next one is tried first: joining two texts to look the whole up costs most of the reading. */
class MergedNames {
  private readonly vocab: Vocabulary;
  private readonly tokens: string[] = [];
  private next = 0;

  constructor(vocab: Vocabulary) {
    this.vocab = vocab;
    for (const [token, id] of vocab) this.tokens[id] = token;
  }

  idOf(left: string, right: string): number | undefined {
    const guess = this.tokens[this.next];
    const isNext = guess?.length === left.length + right.length && guess.startsWith(left) && guess.endsWith(right);
    const id = isNext ? this.next : this.vocab.get(left + right);
    if (id !== undefined) this.next = id + 1;
    return id;
  }
}

function pairOf(merge: unknown, rank: number, vocab: Vocabulary): readonly [string, string] {
  const pair: readonly unknown[] = typeof merge === "string" ? split(merge, vocab) : Array.isArray(merge) ? merge : [];
  const [left, right] = pair;
  if (typeof left === "string" && typeof right === "string" && pair.length === 2) return [left, right];
  throw new SiftError("tokenizer-file", `merge ${rank} of tokenizer.json is not a pair of tokens`, {
    remedy: "use a model folder with the tokenizer files it was published with",
  });
}

/** Two tokens and a space; where the tokens hold spaces too, the vocabulary says which space it is. */
function split(merge: string, vocab: Vocabulary): readonly string[] {
  const space = merge.indexOf(" ");
  if (space === merge.lastIndexOf(" ")) return space < 0 ? [merge] : [merge.slice(0, space), merge.slice(space + 1)];
  for (let at = space; at >= 0; at = merge.indexOf(" ", at + 1)) {
    const [left, right] = [merge.slice(0, at), merge.slice(at + 1)];
    if (vocab.has(left) && vocab.has(right) && vocab.has(left + right)) return [left, right];
  }
  return [];
}
