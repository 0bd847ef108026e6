import type { Tokenizer } from "@huggingface/tokenizers";
import type { MicroBatch } from "../../src-worker/models/layout.ts";
import { layRows } from "../../src-worker/train/batches.ts";
import type { SnapshotRow } from "../../src-worker/train/snapshot.ts";
import type { Message } from "./conversations.ts";

/** Packs of whole conversations with what the assistant writes, and its end of turn, as targets. */
export class BatchStream {
  readonly #conversations: Iterator<readonly Message[]>;
  readonly #tokenizer: Tokenizer;
  #waiting: SnapshotRow | undefined;

  constructor(conversations: Iterator<readonly Message[]>, tokenizer: Tokenizer) {
    this.#conversations = conversations;
    this.#tokenizer = tokenizer;
  }

  next(maxTokens: number): MicroBatch {
    const rows: SnapshotRow[] = [];
    for (let tokens = 0; ;) {
      const row = this.#waiting ?? this.#encode(this.#conversations.next().value as readonly Message[]);
      tokens += row.ids.length;
      this.#waiting = tokens > maxTokens ? row : undefined;
      if (this.#waiting) break;
      rows.push(row);
    }
    const read = (index: number): SnapshotRow => rows[index] ?? EMPTY;
    return layRows({ read }, [...rows.keys()]).batch;
  }

  /** ChatML, a turn at a time; special tokens split the text, so the pieces are those of the whole. */
  #encode(messages: readonly Message[]): SnapshotRow {
    const ids: number[] = [];
    const weights: number[] = [];
    const add = (text: string, weight: number) => {
      const piece = this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
      ids.push(...piece);
      weights.push(...piece.map(() => weight));
    };
    for (const { role, content } of messages) {
      add(`<|im_start|>${role}\n`, 0);
      add(`${content}<|im_end|>`, role === "assistant" ? 1 : 0);
      add("\n", 0);
    }
    return { ids: Int32Array.from(ids), labels: Int32Array.from(ids), weights: Float32Array.from(weights) };
  }
}

const EMPTY: SnapshotRow = { ids: new Int32Array(), labels: new Int32Array(), weights: new Float32Array() };
