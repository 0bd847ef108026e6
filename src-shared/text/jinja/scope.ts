import type { Value } from "./values.ts";

/** Variables of a block: a loop's iteration, a macro call, a `with`. Reading looks outwards, setting never does. */
export class Scope {
  private readonly variables = new Map<string, Value>();
  private readonly parent: Scope | undefined;

  constructor(parent?: Scope) {
    this.parent = parent;
  }

  get(name: string): Value | undefined {
    const own = this.variables.get(name);
    return own !== undefined ? own : this.parent?.get(name);
  }

  set(name: string, value: Value): void {
    this.variables.set(name, value);
  }
}
