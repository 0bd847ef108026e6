import type { Arguments, Value } from "./values.ts";

/** What filters and tests may ask of the evaluator. */
export interface Runtime {
  applyFilter(name: string, input: Value, args: Arguments): Value;
  applyTest(name: string, input: Value, args: Arguments): boolean;
  /** Clock of `strftime_now`, milliseconds since 1970. */
  readonly now: () => number;
}

/** A filter: its input, its other arguments, and the evaluator for filters that call filters. */
export type Filter = (input: Value, args: Arguments, runtime: Runtime) => Value;
/** A test behind `is`. */
export type Test = (input: Value, args: Arguments, runtime: Runtime) => boolean;
