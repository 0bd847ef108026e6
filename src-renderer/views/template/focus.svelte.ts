import type { RowDetail } from "#shared/contract/datasets.ts";
import type { TokenView } from "#shared/contract/text.ts";
import { ContentMap, type ContentRange } from "../../components/tokens/content-map.ts";
import type { Painting } from "../../components/tokens/painting.svelte.ts";
import { drawTokens, type DrawnToken } from "../../components/tokens/view.ts";
import type { Piece, Range } from "./pieces.ts";
import { mergedTokens, piecesOf, tokensIn } from "./rendered-lines.ts";
import type { SyncedSelection } from "./selection.svelte.ts";

interface Parts {
  readonly view: () => TokenView | undefined;
  readonly detail: () => RowDetail | undefined;
  readonly selection: SyncedSelection;
  readonly painting: Painting;
}

const NO_TOKENS: ReadonlySet<number> = mergedTokens({ starts: [], ends: [] }, []);
/** A selection in a template touches many pieces; this many are looked for in the conversation. */
const MOST_RANGES = 50;

/** What conversation, rendered text and tokens show together: the token that is pointed at, and what is chosen to be painted. */
export class Focus {
  readonly selection: SyncedSelection;
  readonly painting: Painting;
  readonly #parts: Parts;
  /** Place of the token that is pointed at; what stands there may change while the template is edited. */
  #pointed = $state(-1);
  #picked = $state.raw<Range | undefined>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.selection = parts.selection;
    this.painting = parts.painting;
  }

  readonly tokens: readonly DrawnToken[] = $derived.by(() => {
    const view = this.#parts.view();
    return view ? drawTokens(view) : [];
  });
  readonly pieces: readonly Piece[] = $derived.by(() => {
    const view = this.#parts.view();
    return view ? piecesOf(view) : [];
  });
  readonly merged: ReadonlySet<number> = $derived.by(() => {
    const view = this.#parts.view();
    return view ? mergedTokens(view, this.pieces) : NO_TOKENS;
  });
  readonly #map: ContentMap | undefined = $derived.by(() => {
    const [view, row] = [this.#parts.view(), this.#parts.detail()?.row];
    return view && row ? new ContentMap(row, view) : undefined;
  });
  /** Tokens in a selection that was made in another pane. */
  readonly marked: ReadonlySet<number> | undefined = $derived.by(() => {
    const view = this.#parts.view();
    const { origin, texts } = this.selection;
    return !view || origin === undefined || origin === "tokens" ? undefined : tokensIn(view, texts);
  });
  /** Characters of the conversation in a selection that was made in another pane. */
  readonly contents: readonly ContentRange[] = $derived.by(() => {
    const map = this.#map;
    const { origin, texts } = this.selection;
    if (!map || origin === undefined || origin === "conversation") return [];
    return texts.slice(0, MOST_RANGES).flatMap(({ from, to }) => {
      const found = map.contentOf(from, to);
      return typeof found === "string" ? [] : found;
    });
  });
  /** Whether the mask trains none of what is chosen to be painted. */
  readonly untrained: boolean = $derived.by(() => {
    const [view, picked] = [this.#parts.view(), this.#picked];
    if (!view || !picked) return false;
    const chosen = this.tokens.slice(picked.from, picked.to);
    return chosen.every(({ state, reason }) => state === "idle" && reason !== "weight-zero");
  });

  get active(): DrawnToken | undefined {
    return this.tokens[this.#pointed];
  }
  /** Chosen tokens, end excluded. */
  get picked(): Range | undefined {
    return this.#picked;
  }
  /** Piece that wrote the token that is pointed at. */
  get activePiece(): Piece | undefined {
    const { active } = this;
    const start = active ? (this.#parts.view()?.starts[active.index] ?? 0) : -1;
    return this.pieces.find((piece) => piece.from <= start && start < piece.to);
  }

  point(token: DrawnToken | undefined): void {
    this.#pointed = token?.index ?? -1;
    const view = this.#parts.view();
    if (!token || !view) return;
    this.selection.pick("tokens", { text: { from: view.starts[token.index] ?? 0, to: view.ends[token.index] ?? 0 } });
  }

  /** Tokens were chosen (or let go): their characters can be painted, as far as a message wrote them. */
  pickTokens(range: Range | undefined): void {
    this.#picked = range;
    const view = this.#parts.view();
    if (!range || !view) return this.painting.clear();
    const text = { from: view.starts[range.from] ?? 0, to: view.ends[range.to - 1] ?? 0 };
    this.selection.pick("tokens", { text });
    this.painting.choose(this.#map?.contentOf(text.from, text.to) ?? "row");
  }

  /** Characters of a message were chosen. */
  pickContent(range: ContentRange | undefined): void {
    this.#picked = undefined;
    if (!range) return this.painting.clear();
    const text = this.#map?.renderedOf(range);
    const view = this.#parts.view();
    this.selection.pick("conversation", text ? { text } : { message: range.message });
    if (text && view) this.#picked = spanOf(tokensIn(view, [text]));
    this.painting.choose([range]);
  }

  pickMessage(message: number): void {
    this.selection.pick("conversation", { message });
  }

  pickText(range: Range): void {
    this.selection.pick("rendered", { text: range });
    const view = this.#parts.view();
    if (view)
      this.#pointed =
        tokensIn(view, [{ from: range.from, to: range.from + 1 }])
          .values()
          .next().value ?? -1;
  }

  /** Another row is open. */
  reset(): void {
    this.#pointed = -1;
    this.#picked = undefined;
    this.painting.clear();
    this.selection.clear();
  }
}

function spanOf(tokens: ReadonlySet<number>): Range | undefined {
  const all = [...tokens];
  const [first, last] = [all[0], all.at(-1)];
  return first === undefined || last === undefined ? undefined : { from: first, to: last + 1 };
}
