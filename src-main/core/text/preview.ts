import type { EncodeSettings, TokenView } from "#shared/contract/text.ts";
import { viewRow } from "#shared/preview/view.ts";
import type { ParsedRow } from "#shared/text/index.ts";
import { modelText } from "./encoding.ts";

/** Tokens and labels of a row, made by the function that trains. @throws SiftError of the template or the row */
export function previewRow(settings: EncodeSettings, row: ParsedRow, index: number): TokenView {
  return viewRow(settings, modelText(settings), row, index);
}
