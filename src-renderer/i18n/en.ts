import { common } from "./en/common.ts";
import { frame } from "./en/frame.ts";

/**
 * Every string that a person sees, in English. One file a view. A message with parameters is a function of them, so
 * that a missing or extra parameter is a type error; the type of this object is what every other language must satisfy.
 */
export const en = { common, frame };

export type Catalogue = typeof en;
