import { SiftError } from "#shared/errors.ts";
import { rowCoder, type ModelText, type RowCoder } from "#shared/preview/coder.ts";
import { viewedRow, viewSettings } from "#shared/preview/view.ts";
import { RememberingTokenizer, type Tokenizer } from "#shared/text/index.ts";
import { keepNewest, MAX_TOKENIZERS } from "./newest.ts";
import type { EncodedReply, LiveModelRef, NewPieces, RowRequest } from "./protocol.ts";

/** One a mask, and a few templates. */
const MAX_CODERS = 16;

interface Known {
  readonly tokenizer: Tokenizer;
  /** Ids whose names the page has. */
  readonly named: Set<number>;
}

/**
 * Encodes rows in the page's worker with the code that core and the trainer use. Remembers tokenizers, encoders and pieces of
 * tokenised text, so that a keystroke only costs what it changed.
 */
export class LiveEncoder {
  readonly #tokenizers = new Map<string, Known>();
  readonly #coders = new Map<string, RowCoder>();

  /** @throws SiftError of a tokenizer that cannot be read */
  learn(hash: string, files: { readonly tokenizer: string; readonly config: string }): void {
    const parse = (text: string): unknown => JSON.parse(text.replace(/^\uFEFF/, ""));
    const tokenizer = new RememberingTokenizer(parse(files.tokenizer), parse(files.config));
    keepNewest(this.#tokenizers, hash, { tokenizer, named: new Set<number>() }, MAX_TOKENIZERS);
    this.#coders.clear();
  }

  /** @throws SiftError of the template, the settings or the row */
  encode({ settings, model, row, index }: RowRequest): EncodedReply {
    const known = model.tokenizer === null ? undefined : this.#tokenizers.get(model.tokenizer);
    if (model.tokenizer !== null && !known) {
      throw new SiftError("live-tokenizer", "the worker has not been given this tokenizer");
    }
    const key = JSON.stringify([settings, model]);
    const read = modelText(model, known?.tokenizer);
    const coder = this.#coders.get(key) ?? rowCoder(viewSettings(settings), read);
    keepNewest(this.#coders, key, coder, MAX_CODERS);
    const viewed = viewedRow(coder, row, index, { settings, model: read });
    return { ...viewed, newPieces: known ? newPieces(known, viewed.encoded.ids) : { ids: [], pieces: [] } };
  }
}

function modelText(model: LiveModelRef, tokenizer: Tokenizer | undefined): ModelText {
  return {
    modelPath: model.modelPath,
    tokenizer,
    ownTemplate: model.ownTemplate ?? undefined,
    vocabularySize: model.vocabularySize ?? undefined,
  };
}

function newPieces({ tokenizer, named }: Known, ids: Int32Array): NewPieces {
  const fresh: number[] = [];
  for (const id of ids) {
    if (named.has(id)) continue;
    named.add(id);
    fresh.push(id);
  }
  return { ids: fresh, pieces: fresh.map((id) => tokenizer.idToToken(id) ?? String(id)) };
}
