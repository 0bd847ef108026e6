import { SiftError } from "#shared/errors.ts";
import type { EncodeResult, RowFacts } from "./encoderTypes.ts";
import { buildRow } from "./rowBuilder.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import { IGNORE, type PretokenizedRow } from "./types.ts";

/**
 * A text without roles: every token is trained, behind the BOS that the tokenizer itself would put before a text.
 * @throws SiftError `row-empty`
 */
export function encodePlainText(text: string, tokenizer: Tokenizer): EncodeResult {
  const tokens = tokenizer.encode(text);
  const { addsBos, specialTokens } = tokenizer.files;
  const bos =
    addsBos && specialTokens.bos_token !== undefined ? tokenizer.tokenToId(specialTokens.bos_token) : undefined;
  if (bos !== undefined && tokens.ids[0] !== bos && tokens.ids.length > 0) {
    tokens.ids.unshift(bos);
    tokens.starts.unshift(0);
    tokens.ends.unshift(0);
  }
  if (tokens.ids.length === 0) throw new SiftError("row-empty", "the text is empty", { remedy: "leave the row out" });
  const encoded = buildRow(tokens, text, () => ({ scored: true, weight: 1, reason: "everything", message: -1 }));
  return { encoded, notices: [], facts: { ...NO_MESSAGES, kind: "text", lossy: tokens.lossy } };
}

const NO_MESSAGES: Omit<RowFacts, "kind"> = { roles: [], lossy: false, specialInContent: [] };

/**
 * A row that another tool tokenized, checked: equal lengths, every label its own id or -100, ids within the vocabulary.
 * `vocabularySize` may be unknown (a model folder without tokenizer).
 * @throws SiftError `row-tokens` or `row-token-id`
 */
export function encodePretokenized(row: PretokenizedRow, vocabularySize?: number): EncodeResult {
  const { inputIds, labels } = row;
  if (inputIds.length !== labels.length) {
    throw new SiftError("row-tokens", `input_ids has ${inputIds.length} entries and labels has ${labels.length}`);
  }
  inputIds.forEach((id, i) => {
    if (id < 0 || (vocabularySize !== undefined && id >= vocabularySize)) {
      throw new SiftError(
        "row-token-id",
        `input_ids[${i}] is ${id}, outside of the vocabulary (0 to ${(vocabularySize ?? 1) - 1})`,
        {
          remedy: "the row was made with another tokenizer",
        },
      );
    }
    const label = labels[i];
    if (label !== IGNORE && label !== id) {
      throw new SiftError("row-label", `labels[${i}] is ${label}, neither -100 nor the position's own id ${id}`, {
        remedy: "labels must not be shifted: the trainer does that",
      });
    }
  });
  const ends = inputIds.map(() => 0);
  const encoded = buildRow({ ids: inputIds, starts: ends, ends }, "", (i) => {
    const scored = labels[i] !== IGNORE;
    return { scored, weight: scored ? (row.weights?.[i] ?? 1) : 0, reason: "pretokenized", message: -1 };
  });
  return { encoded, notices: [], facts: { ...NO_MESSAGES, kind: "tokens" } };
}
