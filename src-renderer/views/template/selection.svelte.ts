import { merged, messagesOf, overlapping, type Piece, type Range, type SelectedBy } from "./pieces.ts";

/**
 * One selection for the template's source, the rendered text, the tokens and the conversation. The pane where something is
 * selected calls `pick` with its own place; the others read where that is for them. `pieces` (set by whoever renders) is
 * what connects the places; without them each pane sees only its own.
 */
export class SyncedSelection {
  #pieces = $state.raw<readonly Piece[]>([]);
  #origin = $state.raw<SelectedBy | undefined>();
  #picked = $state.raw<{ source?: Range; text?: Range; message?: number }>({});

  /** Pieces of the rendered text, in order, each with its place in the template and the message that wrote it. */
  get pieces(): readonly Piece[] {
    return this.#pieces;
  }
  set pieces(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  /** Where the selection was made; undefined where nothing is selected. */
  get origin(): SelectedBy | undefined {
    return this.#origin;
  }

  /** The selected pieces: those that the picked range touches. */
  readonly #touched = $derived(overlapping(this.#pieces, this.#picked));

  /** Ranges of the template's source: the picked one, else those that wrote the selection. Never overlapping, in order. */
  readonly sources: readonly Range[] = $derived.by(() => {
    if (this.#picked.source) return [this.#picked.source];
    return merged(this.#touched.flatMap((piece) => (piece.source ? [piece.source] : [])));
  });

  /** Ranges of the rendered text: the picked one, else those that the selection wrote. */
  readonly texts: readonly Range[] = $derived.by(() => {
    if (this.#picked.text) return [this.#picked.text];
    return merged(this.#touched.map(({ from, to }) => ({ from, to })));
  });

  /** Indices of the messages in the selection, ascending. */
  readonly messages: readonly number[] = $derived.by(() => {
    if (this.#picked.message !== undefined) return [this.#picked.message];
    return messagesOf(this.#touched);
  });

  get source(): Range | undefined {
    return this.sources[0];
  }
  get text(): Range | undefined {
    return this.texts[0];
  }
  get message(): number | undefined {
    return this.messages[0];
  }

  /** Selects what stands at one place; an empty range is a caret. */
  pick(origin: SelectedBy, place: { source: Range } | { text: Range } | { message: number }): void {
    this.#origin = origin;
    this.#picked = place;
  }

  clear(): void {
    this.#origin = undefined;
    this.#picked = {};
  }
}
