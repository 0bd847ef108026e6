import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const look = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--surface)", fontSize: "var(--text-sm)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "1.6" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": {
    color: "var(--text-3)",
    backgroundColor: "var(--surface-2)",
    borderRight: "1px solid var(--border)",
  },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--surface-2)" },
  ".cm-selectionBackground, &.cm-focused .cm-selectionBackground": { backgroundColor: "var(--selection) !important" },
  ".cm-tooltip": {
    color: "var(--text)",
    backgroundColor: "var(--surface)",
    border: "1px solid var(--border)",
    borderRadius: "var(--radius)",
    boxShadow: "var(--shadow-2)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--font-mono)", maxHeight: "16em" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "2px 8px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { color: "var(--accent-text)", background: "var(--accent-soft)" },
  ".cm-completionDetail": { color: "var(--text-2)", fontStyle: "normal", fontFamily: "var(--font)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket, .cm-partner": {
    backgroundColor: "var(--accent-soft)",
    outline: "1px solid var(--accent)",
    borderRadius: "2px",
  },
  ".cm-nonmatchingBracket, &.cm-focused .cm-nonmatchingBracket, .cm-partner-missing": {
    backgroundColor: "var(--bad-soft)",
    outline: "1px dashed var(--bad-strong)",
    borderRadius: "2px",
  },
  ".cm-linked": { backgroundColor: "var(--warn-soft)", borderBottom: "2px solid var(--warn)" },
  ".cm-selectionMatch": { backgroundColor: "var(--surface-3)" },
  ".cm-searchMatch": { backgroundColor: "var(--warn-soft)", outline: "1px solid var(--warn)" },
  ".cm-foldPlaceholder": {
    color: "var(--text-2)",
    backgroundColor: "var(--surface-3)",
    border: "1px solid var(--border-strong)",
  },
  ".cm-foldGutter span": { color: "var(--text-3)", cursor: "pointer" },
  ".cm-textfield": {
    color: "var(--text)",
    backgroundColor: "var(--surface)",
    border: "1px solid var(--border-strong)",
    borderRadius: "var(--radius-sm)",
  },
  ".cm-button": {
    color: "var(--text)",
    background: "var(--surface)",
    border: "1px solid var(--border-strong)",
    borderRadius: "var(--radius-sm)",
  },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad-strong)" },
  ".cm-panels": { color: "var(--text)", backgroundColor: "var(--surface-2)" },
  ".cm-changedText": { background: "var(--accent-soft) !important" },
  ".cm-changedLine": { backgroundColor: "var(--surface-2) !important" },
  ".cm-deletedChunk": { backgroundColor: "var(--bad-soft) !important" },
});

const highlight = HighlightStyle.define([
  { tag: [tags.keyword, tags.controlKeyword, tags.operatorKeyword, tags.definitionKeyword], color: "var(--series-3)" },
  { tag: [tags.string], color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--series-2)" },
  { tag: [tags.comment, tags.blockComment, tags.lineComment], color: "var(--text-3)", fontStyle: "italic" },
  { tag: [tags.variableName, tags.propertyName], color: "var(--series-6)" },
  { tag: [tags.function(tags.variableName)], color: "var(--series-4)" },
  { tag: [tags.brace, tags.paren, tags.squareBracket, tags.punctuation, tags.operator], color: "var(--text-2)" },
]);

/** Colours from the design tokens, so that both themes work without a change of the editor. */
export const editorLook: Extension = [look, syntaxHighlighting(highlight)];
