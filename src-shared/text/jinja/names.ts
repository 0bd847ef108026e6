import { DICT_METHOD_NAMES } from "./attributes.ts";
import { COLLECTION_FILTERS } from "./filtersCollections.ts";
import { TEXT_FILTERS } from "./filtersText.ts";
import { globalFunctions, UNSUPPORTED_FUNCTIONS } from "./globals.ts";
import { TAG_NAMES } from "./parser.ts";
import { STRING_METHODS } from "./stringMethods.ts";
import { TESTS } from "./testsTable.ts";

/** What the evaluator knows, by name, out of its own tables: an editor offers this and nothing else. */
export interface JinjaNames {
  readonly tags: readonly string[];
  readonly filters: readonly string[];
  readonly tests: readonly string[];
  readonly functions: readonly string[];
  readonly stringMethods: readonly string[];
  readonly dictMethods: readonly string[];
  /** Fields of `loop` (a unit test renders each). */
  readonly loop: readonly string[];
}

const WORD = /^[a-z_]+$/;

/** The names, sorted. `raw` is the lexer's tag and stands in no table. */
export const JINJA_NAMES: JinjaNames = {
  tags: [...TAG_NAMES, "raw"].sort(),
  filters: [...Object.keys(TEXT_FILTERS), ...Object.keys(COLLECTION_FILTERS)].sort(),
  tests: [...Object.keys(TESTS).filter((name) => WORD.test(name)), "filter", "test"].sort(),
  functions: [...globalFunctions(() => 0).keys()].filter((name) => !UNSUPPORTED_FUNCTIONS.includes(name)).sort(),
  stringMethods: [...Object.keys(STRING_METHODS), "format"].sort(),
  dictMethods: [...DICT_METHOD_NAMES].sort(),
  loop: [
    "changed",
    "cycle",
    "depth",
    "depth0",
    "first",
    "index",
    "index0",
    "last",
    "length",
    "nextitem",
    "previtem",
    "revindex",
    "revindex0",
  ],
};
