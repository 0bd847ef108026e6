import { codeFolding, foldGutter, foldService } from "@codemirror/language";
import { StateField, type EditorState, type Extension } from "@codemirror/state";
import { Decoration, EditorView, type DecorationSet } from "@codemirror/view";
import { blocksOf, tagsOf, type BlockPlace } from "#shared/text/jinja/blocks.ts";

/** Blocks of the text, found anew when it changes. */
const blocks = StateField.define<readonly BlockPlace[]>({
  create: (state) => blocksIn(state),
  update: (value, transaction) => (transaction.docChanged ? blocksIn(transaction.state) : value),
});
const blocksIn = (state: EditorState): BlockPlace[] => blocksOf(tagsOf(state.doc.toString()));

const PARTNER = Decoration.mark({ class: "cm-partner" });
const ALONE = Decoration.mark({ class: "cm-partner-missing" });

/** Marks of the tags that belong with the one where the caret stands. */
function partnersAt(state: EditorState): DecorationSet {
  const at = state.selection.main.head;
  const block = state.field(blocks).find(({ tags }) => tags.some((tag) => tag.from <= at && at <= tag.to));
  if (!block) return Decoration.none;
  const mark = block.closed ? PARTNER : ALONE;
  return Decoration.set(block.tags.map((tag) => mark.range(tag.from, tag.to)));
}

const partners = StateField.define<DecorationSet>({
  create: partnersAt,
  update: (value, transaction) =>
    transaction.docChanged || transaction.selection ? partnersAt(transaction.state) : value,
  provide: (field) => EditorView.decorations.from(field),
});

/** A block folds from behind its opening tag to its closing one, where they stand on different lines. */
const folds = foldService.of((state, lineStart, lineEnd) => {
  const block = state
    .field(blocks)
    .find(({ tags: [open], closed }) => closed && open && open.from >= lineStart && open.from <= lineEnd);
  const [open, close] = [block?.tags[0], block?.tags.at(-1)];
  if (!open || !close) return null;
  const to = state.doc.lineAt(close.from);
  const end = /^\s*$/.test(to.text.slice(0, close.from - to.from)) ? to.from - 1 : close.from;
  return end > Math.max(open.to, lineEnd) ? { from: open.to, to: end } : null;
});

/** Caret to the partner of the tag that it stands in; from a middle tag to the closing one. */
export function goToPartner(view: EditorView): boolean {
  const at = view.state.selection.main.head;
  const block = view.state.field(blocks).find(({ tags }) => tags.some((tag) => tag.from <= at && at <= tag.to));
  const [open, close] = [block?.tags[0], block?.tags.at(-1)];
  if (!open || !close || open === close) return false;
  const inLast = close.from <= at && at <= close.to;
  view.dispatch({ selection: { anchor: inLast ? open.from : close.from }, scrollIntoView: true });
  return true;
}

/** Matching and folding of `{% if %} … {% endif %}` and its kind. */
export const jinjaBlocks: Extension = [blocks, partners, folds, codeFolding(), foldGutter()];
