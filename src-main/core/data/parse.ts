import { parseRowText } from "#shared/text/rows/parse.ts";
import type { ParsedRow } from "#shared/text/types.ts";
import type { StoredRow } from "../store/rows.ts";

/** A stored row was parsed when it came in: it parses again. */
export const parseStored = (row: StoredRow): ParsedRow => parseRowText(row.raw);
