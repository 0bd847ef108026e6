import { count } from "../plural.ts";

/** Classes of findings that are waived: trained as they are. */
export const waivers = {
  waive: "Waive this class",
  again: "Waive it again",
  title: (rows: number) => `Waive ${count(rows, "row", "rows")}`,
  note: "A run then starts in spite of them. The reason and the number stand in its record. When the number or the settings change, the waiver is void.",
  reason: "Reason",
  reasonHint: "One sentence for whoever reads the record later.",
  holds: (rows: number) => `waived: ${count(rows, "row", "rows")}`,
  given: (reason: string, ago: string) => `“${reason}” (${ago})`,
  isVoid: "waiver void",
  voidCount: (then: string, now: string) => `It was given for ${then} rows; now there are ${now}.`,
  voidSettings: "It was given under other settings.",
  remove: "Take it back",
  others: "Waivers without rows",
  othersNote: "What they were given for is not found any more.",
};
