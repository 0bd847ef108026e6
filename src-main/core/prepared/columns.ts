import { SiftError } from "#shared/errors.ts";
import { TOKEN_COLUMNS } from "#shared/text/rows/pretokenized.ts";

/** A row of a prepared set: the columns of it that say anything about tokens, lists as arrays of numbers. */
export type TokenRecord = Readonly<Record<string, unknown>>;

const KNOWN: ReadonlySet<string> = new Set(TOKEN_COLUMNS);

/** The columns of a file that are read. @throws SiftError `prepared-columns` where it holds no tokens */
export function listsOf(names: readonly string[], file: string): string[] {
  if (!names.includes("input_ids")) {
    throw new SiftError(
      "prepared-columns",
      `the set has no column input_ids; it has ${names.slice(0, 20).join(", ")}`,
      {
        where: { file },
        remedy: "give the folder that the trainer wrote after tokenising, not the source data",
      },
    );
  }
  return names.filter((name) => KNOWN.has(name));
}

/** A cell as it is read further: 64-bit numbers of a list as numbers, since token ids and labels are far below 2^53. */
export const plainCell = (value: unknown): unknown => (isList(value) ? Array.from(value, Number) : value);

const isList = (value: unknown): value is Iterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.iterator in value;
