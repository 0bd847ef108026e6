import type { CallArguments, Expression } from "./ast.ts";
import { Str } from "./authored.ts";
import { getAttribute, getItem } from "./attributes.ts";
import { operationAt } from "./losses.ts";
import { binary, compare, iterate, negate, truthy } from "./operators.ts";
import { toStr } from "./printing.ts";
import type { Scope } from "./scope.ts";
import { sliceValue } from "./slicing.ts";
import { joinStr } from "./strings.ts";
import {
  asText,
  Callable,
  Loop,
  PyDict,
  PyFloat,
  PyList,
  PythonError,
  PyTuple,
  typeName,
  Undefined,
  type Arguments,
  type Value,
} from "./values.ts";

/** What expressions need of the evaluator. */
export interface ExpressionHost {
  readonly lookUp: (name: string) => Value | undefined;
  readonly applyFilter: (name: string, input: Value, args: Arguments) => Value;
  readonly applyTest: (name: string, input: Value, args: Arguments) => boolean;
  /** Counts a step and puts the place on errors; `inner` evaluates the node. */
  readonly visit: (at: number, inner: () => Value) => Value;
  /** A text that stands in the template at `at`. */
  readonly literal: (text: string, at: number) => Str;
}

type Node<Type extends Expression["type"]> = Extract<Expression, { readonly type: Type }>;
type LogicalNode = Node<"and" | "or">;

/** Evaluates expressions by walking the tree; every node is one step of the budget. */
export class ExpressionEvaluator {
  private readonly host: ExpressionHost;

  constructor(host: ExpressionHost) {
    this.host = host;
  }

  evaluate(node: Expression, scope: Scope): Value {
    return this.host.visit(node.at, () => this.evaluateNode(node, scope));
  }

  private evaluateNode(node: Expression, scope: Scope): Value {
    switch (node.type) {
      case "constant":
        return typeof node.value === "string" ? this.host.literal(node.value, node.at) : node.value;
      case "float":
        return new PyFloat(node.value);
      case "name":
        return this.name(node.name, scope);
      case "attribute":
        return getAttribute(this.evaluate(node.object, scope), node.name);
      case "item":
        return this.item(node, scope);
      case "call":
        return this.callNode(node, scope);
      case "filter":
        return this.filter(node, scope);
      case "test":
        return this.host.applyTest(node.name, this.evaluate(node.input, scope), this.arguments(node.args, scope));
      case "not":
        return !truthy(this.evaluate(node.value, scope));
      case "sign":
        return negate(this.evaluate(node.value, scope), node.negative);
      case "binary":
        return this.binary(node, scope);
      case "compare":
        return this.compareChain(node, scope);
      case "and":
      case "or":
        return this.logical(node, scope);
      case "concat":
        return joinStr(
          new Str(""),
          node.parts.map((part) => toStr(this.evaluate(part, scope))),
        );
      case "conditional":
        return this.conditional(node, scope);
      case "list":
        return new PyList(node.items.map((item) => this.evaluate(item, scope)));
      case "tuple":
        return new PyTuple(node.items.map((item) => this.evaluate(item, scope)));
      case "dict":
        return new PyDict(
          node.items.map(({ key, value }) => [this.evaluate(key, scope), this.evaluate(value, scope)] as const),
        );
    }
  }

  private name(name: string, scope: Scope): Value {
    const own = scope.get(name);
    if (own !== undefined) return own;
    const outer = this.host.lookUp(name);
    return outer !== undefined ? outer : new Undefined(`'${name}' is undefined`);
  }

  private item(node: Node<"item">, scope: Scope): Value {
    const object = this.evaluate(node.object, scope);
    const { index } = node;
    if (index.type !== "slice") return getItem(object, this.evaluate(index, scope));
    const part = (expression: Expression | undefined): Value | undefined =>
      expression && this.evaluate(expression, scope);
    return sliceValue(object, { start: part(index.start), stop: part(index.stop), step: part(index.step) });
  }

  private filter(node: Node<"filter">, scope: Scope): Value {
    const input = this.evaluate(node.input, scope);
    const args = this.arguments(node.args, scope);
    operationAt(node.at);
    return this.host.applyFilter(node.name, input, args);
  }

  private binary(node: Node<"binary">, scope: Scope): Value {
    const left = this.evaluate(node.left, scope);
    const right = this.evaluate(node.right, scope);
    operationAt(node.at);
    return binary(node.operator, left, right);
  }

  private callNode(node: Node<"call">, scope: Scope): Value {
    const callee = this.evaluate(node.callee, scope);
    const args = this.arguments(node.args, scope);
    operationAt(node.at);
    return callValue(callee, args);
  }

  arguments(args: CallArguments, scope: Scope): Arguments {
    const positional = args.positional.map((arg) => this.evaluate(arg, scope));
    if (args.spread) positional.push(...iterate(this.evaluate(args.spread, scope)));
    const named = new Map(args.named.map(({ name, value }) => [name, this.evaluate(value, scope)]));
    if (args.namedSpread) {
      const mapping = this.evaluate(args.namedSpread, scope);
      if (!(mapping instanceof PyDict))
        throw new PythonError("TypeError", `argument after ** must be a mapping, not ${typeName(mapping)}`);
      for (const { key, value } of mapping.entries()) named.set(asText(key, "keyword").text, value);
    }
    return { positional, named };
  }

  private compareChain(node: Node<"compare">, scope: Scope): boolean {
    let left = this.evaluate(node.first, scope);
    for (const { operator, value } of node.rest) {
      const right = this.evaluate(value, scope);
      if (!compare(operator, left, right)) return false;
      left = right;
    }
    return true;
  }

  private logical(node: LogicalNode, scope: Scope): Value {
    const left = this.evaluate(node.left, scope);
    return truthy(left) === (node.type === "and") ? this.evaluate(node.right, scope) : left;
  }

  private conditional(node: Node<"conditional">, scope: Scope): Value {
    if (truthy(this.evaluate(node.test, scope))) return this.evaluate(node.yes, scope);
    return node.no
      ? this.evaluate(node.no, scope)
      : new Undefined("the inline if-expression evaluated to false and no else section was defined.");
  }
}

/** `callee(args)`: a function, a macro, a bound method, or `loop` in a recursive loop. @throws PythonError of what cannot be called */
export function callValue(callee: Value, args: Arguments): Value {
  if (callee instanceof Callable) return callee.call(args);
  if (callee instanceof Loop) return callLoop(callee, args);
  if (callee instanceof Undefined) throw new PythonError("UndefinedError", callee.message);
  throw new PythonError("TypeError", `'${typeName(callee)}' object is not callable`);
}

function callLoop(loop: Loop, args: Arguments): Value {
  const [items] = args.positional;
  if (!loop.recurse || items === undefined) {
    throw new PythonError("TypeError", "The loop must have the 'recursive' marker to be called recursively.");
  }
  return loop.recurse(items);
}
