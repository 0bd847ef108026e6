import { VERDICTS, type Verdict } from "#shared/contract/datasets.ts";

/** A verdict out of the address; undefined shows all. */
export const asVerdict = (text: string): Verdict | undefined => VERDICTS.find((verdict) => verdict === text);
