import type { Arguments, Value } from "./values.ts";

/** What filters and tests may ask of the evaluator. */
export interface Runtime {
  applyFilter(name: string, input: Value, args: Arguments): Value;
  applyTest(name: string, input: Value, args: Arguments): boolean;
  /** Clock of `strftime_now`, milliseconds since 1970. */
  readonly now: () => number;
}

export type Filter = (input: Value, args: Arguments, runtime: Runtime) => Value;
export type Test = (input: Value, args: Arguments, runtime: Runtime) => boolean;
