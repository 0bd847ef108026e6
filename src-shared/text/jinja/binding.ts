import { PythonError, type Arguments, type Value } from "./values.ts";

/** A call without arguments. */
export const NO_ARGS: Arguments = { positional: [], named: new Map() };

/**
 * Python's way of giving arguments to parameters: by position, then by name; undefined where none was given.
 * @throws PythonError TypeError for too many arguments, unknown names, or fewer than `required`.
 */
export function bind(
  name: string,
  args: Arguments,
  parameters: readonly string[],
  required = 0,
): (Value | undefined)[] {
  const { positional, named } = args;
  if (positional.length > parameters.length) {
    throw new PythonError(
      "TypeError",
      `${name}() takes at most ${parameters.length} arguments (${positional.length} given)`,
    );
  }
  const values: (Value | undefined)[] = parameters.map((_, i) => positional[i]);
  for (const [key, value] of named) {
    const at = parameters.indexOf(key);
    if (at < 0) throw new PythonError("TypeError", `${name}() got an unexpected keyword argument '${key}'`);
    if (values[at] !== undefined)
      throw new PythonError("TypeError", `${name}() got multiple values for argument '${key}'`);
    values[at] = value;
  }
  for (let i = 0; i < required; i++) {
    if (values[i] === undefined)
      throw new PythonError("TypeError", `${name}() is missing the argument '${parameters[i]}'`);
  }
  return values;
}

/** An argument that must be there (`bind` with `required` has checked it). @throws PythonError TypeError */
export function given(value: Value | undefined): Value {
  if (value === undefined) throw new PythonError("TypeError", "missing argument");
  return value;
}
