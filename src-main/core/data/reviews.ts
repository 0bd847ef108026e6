import type { RowDetail, Verdict } from "#shared/contract/datasets.ts";
import { SiftError } from "#shared/errors.ts";
import { moveSpans, paintSpans } from "#shared/text/spans.ts";
import type { ParsedRow, WeightSpan } from "#shared/text/types.ts";
import { standing, type Decision, type HistoryRecord, type ReviewState } from "../store/reviews.ts";
import type { StoredRow } from "../store/rows.ts";
import type { Store } from "../store/index.ts";
import type { EventHub } from "../system/events.ts";
import { applyReview, messageCount, messageOf, requireMessage, requirePaintable } from "./effective.ts";
import { parseStored } from "./parse.ts";

export interface RowKey {
  readonly versionId: string;
  readonly rowId: string;
}

type Finding = { readonly proofId: string; readonly class: string };

/** Rows that are decided about in one transaction. */
const MANY = 500;
const REJECTED: Decision = { action: "verdict", verdict: "rejected", messageIndex: null };

/** Reading a row as a person reviews it, and the decisions made about it. Each answers with the row as it is then. */
export class ReviewService {
  readonly #store: Store;
  readonly #events: EventHub;
  readonly #clock: () => number;

  constructor(parts: { store: Store; events: EventHub; clock: () => number }) {
    this.#store = parts.store;
    this.#events = parts.events;
    this.#clock = parts.clock;
  }

  detail(key: RowKey): RowDetail {
    const stored = this.#store.rows.stored(key.versionId, key.rowId);
    const review = this.#store.reviews.state(key.versionId, key.rowId);
    const history = this.#store.reviews.history(key.versionId, key.rowId);
    return rowDetail(stored, { review, history });
  }

  /** The row as it would train. */
  effective(key: RowKey): ParsedRow {
    const stored = this.#store.rows.stored(key.versionId, key.rowId);
    return applyReview(parseStored(stored), this.#store.reviews.state(key.versionId, key.rowId));
  }

  setVerdict({
    verdict,
    messageIndex,
    ...key
  }: RowKey & { verdict: Verdict; messageIndex?: number | undefined }): RowDetail {
    return this.#decide(key, { action: "verdict", verdict, messageIndex: messageIndex ?? null });
  }

  /** Painted spans move with the text. */
  editMessage({ messageIndex, content, ...key }: RowKey & { messageIndex: number; content: string }): RowDetail {
    const now = messageOf(this.effective(key), messageIndex);
    const spans = now?.spans && typeof now.content === "string" ? moveSpans(now.content, content, now.spans) : null;
    return this.#decide(key, { action: "edit", content, messageIndex, spans });
  }

  /** @throws SiftError `paint-text`, `paint-weight`, `paint-range` */
  paintMessage({
    messageIndex,
    start,
    end,
    weight,
    ...key
  }: RowKey & { messageIndex: number } & WeightSpan): RowDetail {
    const { position, line } = this.#store.rows.stored(key.versionId, key.rowId);
    const row = this.effective(key);
    requireMessage(row, messageIndex, { row: position, line });
    const message = requirePaintable(messageOf(row, messageIndex), { start, end, weight }, { row: position, line });
    const spans = paintSpans(message.content, message.spans ?? [], { start, end, weight });
    return this.#decide(key, { action: "paint", messageIndex, spans });
  }

  /** @throws SiftError `nothing-to-undo` */
  undo(key: RowKey): RowDetail {
    const { position } = this.#store.rows.stored(key.versionId, key.rowId);
    const undone = this.#store.reviews.undo({ ...key, position }, this.#clock());
    if (!undone)
      throw new SiftError("nothing-to-undo", "nothing has been decided about this row", { where: { row: position } });
    this.#events.emit({ type: "datasets" });
    return this.detail(key);
  }

  /** Rejects every row of a class of findings that is not rejected yet, some at a time so that others get their turn. */
  async rejectFinding({ versionId, finding }: { versionId: string; finding: Finding }): Promise<string[]> {
    const { rows, reviews, datasets } = this.#store;
    const rowIds: string[] = [];
    for (let offset = 0; ; offset += MANY) {
      const page = await rows.page(datasets.version(versionId), { finding }, { offset, limit: MANY });
      this.#store.transaction(() => {
        for (const { id: rowId, index: position, verdict } of page.rows) {
          if (verdict === "rejected") continue;
          reviews.decide({ versionId, rowId, position }, REJECTED, this.#clock());
          rowIds.push(rowId);
        }
      });
      if (page.rows.length < MANY) break;
    }
    this.#events.emit({ type: "datasets" });
    return rowIds;
  }

  async undoRows({ versionId, rowIds }: { versionId: string; rowIds: readonly string[] }): Promise<void> {
    for (let from = 0; from < rowIds.length; from += MANY) {
      this.#store.transaction(() => {
        for (const rowId of rowIds.slice(from, from + MANY)) {
          const { position } = this.#store.rows.stored(versionId, rowId);
          this.#store.reviews.undo({ versionId, rowId, position }, this.#clock());
        }
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#events.emit({ type: "datasets" });
  }

  #decide(key: RowKey, decision: Decision): RowDetail {
    const stored = this.#store.rows.stored(key.versionId, key.rowId);
    const { position, line } = stored;
    const parsed = parseStored(stored);
    if (decision.messageIndex !== null) requireMessage(parsed, decision.messageIndex, { row: position, line });
    // a document is one turn: what is decided about that turn is decided about the row
    const about: Decision =
      parsed.kind === "text" && decision.action === "verdict" ? { ...decision, messageIndex: null } : decision;
    this.#store.reviews.decide({ ...key, position }, about, this.#clock());
    this.#events.emit({ type: "datasets" });
    return this.detail(key);
  }
}

function rowDetail(stored: StoredRow, decided: { review: ReviewState; history: readonly HistoryRecord[] }): RowDetail {
  const { review, history } = decided;
  const original = parseStored(stored);
  return {
    id: stored.rowId,
    index: stored.position,
    line: stored.line,
    raw: stored.raw,
    row: mutable(applyReview(original, review)),
    original: mutable(original),
    verdict: review.verdict,
    turnVerdicts: turnVerdicts(original, review),
    editedMessages: Object.keys(review.edits).map(Number),
    history: history.map((entry) => ({
      id: entry.key,
      at: entry.at,
      what: historyWord(entry),
      messageIndex: entry.message_index,
    })),
    canUndo: standing(history).length > 0,
  };
}

function turnVerdicts(row: ParsedRow, review: ReviewState): Verdict[] {
  if (row.kind === "text") return [review.verdict];
  return Array.from({ length: messageCount(row) }, (_, i) => review.turnVerdicts[String(i)] ?? "none");
}

/** A stable word for the interface to translate: `accepted`, `rejected`, `cleared`, `edited`, `painted`, `undone`. */
function historyWord(entry: HistoryRecord): string {
  if (entry.action === "undo") return "undone";
  if (entry.action === "edit") return "edited";
  if (entry.action === "paint") return "painted";
  return entry.value === "none" ? "cleared" : entry.value;
}

/** The contract's row type is the same with mutable arrays; nothing writes to it. */
const mutable = (row: ParsedRow): RowDetail["row"] => row as RowDetail["row"];
