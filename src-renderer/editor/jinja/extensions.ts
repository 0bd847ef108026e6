import { autocompletion, type Completion, type CompletionSource } from "@codemirror/autocomplete";
import type { Diagnostic } from "@codemirror/lint";
import type { Extension } from "@codemirror/state";
import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, type DecorationSet } from "@codemirror/view";
import type { ErrorReport } from "#shared/errors.ts";
import { checkTemplate } from "#shared/text/jinja/check.ts";
import { offsetOf } from "../position.ts";
import { offersAt, type OfferKind } from "./completion.ts";

/** CodeMirror's kinds of completion, which choose the icon. */
const TYPES: Readonly<Record<OfferKind, string>> = {
  tag: "keyword",
  variable: "variable",
  field: "property",
  function: "function",
  macro: "function",
  filter: "method",
  test: "enum",
  method: "method",
  word: "keyword",
};

/** Completion from the evaluator's tables. @param kinds what each kind is called */
export function jinjaCompletion(kinds: Readonly<Record<OfferKind, string>>): Extension {
  const source: CompletionSource = ({ state, pos, explicit }) => {
    const found = offersAt(state.doc.toString(), pos);
    if (!found) return null;
    const opener = state.sliceDoc(found.from - 1, found.from);
    if (!explicit && found.from === pos && !/[|.'"\s]/.test(opener)) return null;
    const options = found.offers.map(({ label, kind }, index): Completion => ({
      label,
      type: TYPES[kind],
      detail: kinds[kind],
      boost: -index / 100,
    }));
    return { from: found.from, options, validFor: /^\w*$/ };
  };
  return autocompletion({ override: [source], icons: false });
}

/** Marks of what is wrong: found here while typing, and told by whoever rendered. */
export function diagnosticsOf(text: string, told: ErrorReport | null | undefined): Diagnostic[] {
  const found: readonly ErrorReport[] = checkTemplate(text);
  const known = new Set(found.map((error) => error.message));
  const all = told && !known.has(told.message) ? [...found, told] : found;
  return all.flatMap((error) => {
    const at = offsetOf(text, error.where?.line, error.where?.column);
    if (at === undefined) return [];
    const word = /^\w+/.exec(text.slice(at))?.[0].length ?? 1;
    const from = Math.min(at, text.length);
    const message = error.remedy === undefined ? error.message : `${error.message}\n${error.remedy}`;
    return [{ from, to: Math.min(text.length, from + word), severity: "error" as const, message }];
  });
}

export interface Marked {
  readonly from: number;
  readonly to: number;
}
const setMarked = StateEffect.define<readonly Marked[]>();
const MARK = Decoration.mark({ class: "cm-linked" });

/** Ranges that are selected elsewhere. */
const marked = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (value, transaction) => {
    const effect = transaction.effects.find((each) => each.is(setMarked));
    if (!effect) return value.map(transaction.changes);
    const end = transaction.state.doc.length;
    const ranges = effect.value.filter(({ from, to }) => from < to && to <= end);
    return Decoration.set(ranges.map(({ from, to }) => MARK.range(from, to)));
  },
  provide: (field) => EditorView.decorations.from(field),
});
export const linkedRanges: Extension = marked;

/** Marks ranges, and brings the first into view. */
export function markRanges(view: EditorView, ranges: readonly Marked[]): void {
  const [first] = ranges;
  const shown =
    first && first.to <= view.state.doc.length ? [EditorView.scrollIntoView(first.from, { y: "nearest" })] : [];
  view.dispatch({ effects: [setMarked.of(ranges), ...shown] });
}

/** Typing the end of a tag that was closed by itself goes over it: `%` before `%}`, and `}` between `%` and `}`. */
export const typeOverTagEnd: Extension = EditorView.inputHandler.of((view, from, to, text) => {
  if (from !== to || view.state.readOnly) return false;
  const after = view.state.sliceDoc(from, from + 2);
  const over = (text === "%" && after === "%}") || (text === "}" && after[0] === "}" && isTagEnd(view, from));
  if (!over) return false;
  view.dispatch({ selection: { anchor: from + 1 }, userEvent: "select", scrollIntoView: true });
  return true;
});
const isTagEnd = (view: EditorView, at: number): boolean => view.state.sliceDoc(at - 1, at) === "%";
