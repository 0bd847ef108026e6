import type { Expression, Parameter, Statement } from "./ast.ts";
import { Str } from "./authored.ts";
import type { Scope } from "./scope.ts";
import { PyDict, PythonError, PyTuple, Undefined, type Arguments, type Value } from "./values.ts";

/** What a macro or a `caller` is made of. */
export interface MacroDefinition {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
}

const mentioned = new WeakMap<readonly Statement[], ReadonlySet<string>>();

/** Names that a body reads anywhere inside: jinja2 gives `varargs`, `kwargs` and `caller` to those that mention them. */
function mentions(body: readonly Statement[], name: string): boolean {
  let names = mentioned.get(body);
  if (!names) {
    const found = new Set<string>();
    collectNames(body, found);
    names = found;
    mentioned.set(body, names);
  }
  return names.has(name);
}

function collectNames(node: unknown, found: Set<string>): void {
  if (typeof node !== "object" || node === null) return;
  if ("type" in node && node.type === "name" && "name" in node && typeof node.name === "string") found.add(node.name);
  for (const child of Object.values(node)) collectNames(child, found);
}

/** Puts the arguments of a call into the scope of a macro's body, as jinja2's `Macro` does. */
export function bindMacro(
  macro: MacroDefinition,
  args: Arguments,
  context: { scope: Scope; evaluate: (expression: Expression) => Value },
): void {
  const { scope } = context;
  const named = new Map(args.named);
  macro.parameters.forEach((parameter, i) => {
    const positional = args.positional[i];
    const value = positional !== undefined ? positional : named.get(parameter.name);
    if (positional === undefined) named.delete(parameter.name);
    if (value !== undefined) scope.set(parameter.name, value);
    else if (parameter.default) scope.set(parameter.name, context.evaluate(parameter.default));
    else scope.set(parameter.name, new Undefined(`parameter '${parameter.name}' was not provided`));
  });
  if (mentions(macro.body, "caller") && !macro.parameters.some((p) => p.name === "caller")) {
    const caller = named.get("caller");
    named.delete("caller");
    scope.set("caller", caller !== undefined ? caller : new Undefined("No caller defined"));
  }
  bindRest(macro, { named, extra: args.positional.slice(macro.parameters.length) }, scope);
}

/** What no parameter takes: into `varargs` and `kwargs` where the body mentions them, else an error. */
function bindRest(
  macro: MacroDefinition,
  rest: { named: Map<string, Value>; extra: readonly Value[] },
  scope: Scope,
): void {
  const takesNamed = mentions(macro.body, "kwargs");
  const takesExtra = mentions(macro.body, "varargs");
  if (takesNamed)
    scope.set("kwargs", new PyDict([...rest.named].map(([key, value]) => [new Str(key), value] as const)));
  if (takesExtra) scope.set("varargs", new PyTuple(rest.extra));
  const [unknown] = rest.named.keys();
  if (!takesNamed && unknown !== undefined) {
    throw new PythonError("TypeError", `macro '${macro.name}' takes no keyword argument '${unknown}'`);
  }
  if (!takesExtra && rest.extra.length > 0) {
    throw new PythonError(
      "TypeError",
      `macro '${macro.name}' takes not more than ${macro.parameters.length} argument(s)`,
    );
  }
}
