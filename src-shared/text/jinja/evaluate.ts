import { SiftError } from "#shared/errors.ts";
import type { FilterCall, Parameter, Statement, Target, Template } from "./ast.ts";
import { type Author, Str, StrBuilder, TEMPLATE } from "./authored.ts";
import { callValue, ExpressionEvaluator } from "./evaluateExpression.ts";
import { COLLECTION_FILTERS, UNSUPPORTED_FILTERS } from "./filtersCollections.ts";
import { NUMBER_FILTERS } from "./filtersNumbers.ts";
import { TEXT_FILTERS } from "./filtersText.ts";
import { globalFunctions, RaisedByTemplate, setNamespace } from "./globals.ts";
import { Budget, limitError, metered, type RenderLimits } from "./limits.ts";
import { type LossMarks, operationAt, rememberingLosses } from "./losses.ts";
import { bindMacro, type MacroDefinition } from "./macros.ts";
import { iterate, truthy } from "./operators.ts";
import { toStr } from "./printing.ts";
import type { Filter, Runtime } from "./runtime.ts";
import { Scope } from "./scope.ts";
import type { TemplateSource } from "./source.ts";
import { TESTS } from "./testsTable.ts";
import {
  Callable,
  hashKey,
  Loop,
  Namespace,
  PythonError,
  UnsupportedError,
  type Arguments,
  type Value,
} from "./values.ts";

/** Characters `start`…`end` (code units) of the output that stood inside `{% generation %}`. */
export interface GenerationSpan {
  readonly start: number;
  readonly end: number;
}

/** What a render gives: the text with its authors, and where the template was inside `{% generation %}`. */
export interface RenderResult {
  readonly text: Str;
  readonly generations: readonly GenerationSpan[];
  /** Offsets in the text at which a piece of output ended. */
  readonly boundaries: readonly number[];
}

/** Characters `from`…`to` (code units, end excluded) of the template's source. */
export interface SourceRange {
  readonly from: number;
  readonly to: number;
}

/** Another author for a character, once it is known which piece of the template put it out. */
export type OriginMark = (author: Author, place: SourceRange) => Author;

/** What a template runs with. */
export interface EvaluatorOptions {
  /** Asked for every piece of output, innermost first; left out where nobody wants to know, which is cheaper. */
  readonly mark?: OriginMark;
  /** Told of operations that lose who wrote a text; left out where nobody wants to know. */
  readonly losses?: LossMarks;
  readonly variables: ReadonlyMap<string, Value>;
  readonly limits: RenderLimits;
  readonly now: () => number;
}

type Signal = "break" | "continue" | undefined;
type Node<Type extends Statement["type"]> = Extract<Statement, { type: Type }>;

/** Runs one template over one set of variables. */
export class Evaluator implements Runtime {
  readonly now: () => number;
  private readonly source: TemplateSource;
  private readonly budget: Budget;
  private readonly globals: ReadonlyMap<string, Value>;
  private readonly variables: ReadonlyMap<string, Value>;
  private readonly expressions: ExpressionEvaluator;
  private readonly root = new StrBuilder();
  /** Start in code units, length in code points. */
  private readonly generations: { start: number; length: number }[] = [];
  private readonly boundaries: number[] = [];
  private readonly mark: OriginMark | undefined;
  private readonly losses: LossMarks | undefined;

  constructor(source: TemplateSource, options: EvaluatorOptions) {
    this.source = source;
    this.now = options.now;
    this.budget = new Budget(options.limits, options.now);
    this.globals = globalFunctions(options.now);
    this.variables = options.variables;
    this.mark = options.mark;
    this.losses = options.losses;
    this.expressions = new ExpressionEvaluator({
      lookUp: (name) => this.lookUp(name),
      applyFilter: (name, input, args) => this.applyFilter(name, input, args),
      applyTest: (name, input, args) => this.applyTest(name, input, args),
      visit: (at, inner) => this.visit(at, inner),
      literal: (text, at) => this.literal(text, at),
    });
  }

  run(template: Template): RenderResult {
    rememberingLosses(this.losses, () =>
      metered(this.budget, () => this.execute(template.body, new Scope(), this.root)),
    );
    const text = this.root.build();
    const generations = this.generations.map(({ start, length }) => ({ start, end: advance(text, start, length) }));
    return { text, generations, boundaries: this.boundaries };
  }

  /** Variables of the render come before the functions that every template has. */
  private lookUp(name: string): Value | undefined {
    const variable = this.variables.get(name);
    return variable !== undefined ? variable : this.globals.get(name);
  }

  applyFilter(name: string, input: Value, args: Arguments): Value {
    const filter = FILTERS.get(name);
    if (filter) return filter(input, args, this);
    if (UNSUPPORTED_FILTERS.includes(name)) throw new UnsupportedError(`the filter '${name}'`);
    throw new PythonError("TemplateAssertionError", `No filter named '${name}'.`);
  }

  applyTest(name: string, input: Value, args: Arguments): boolean {
    if (name === "filter") return isNamed(input, (text) => FILTERS.has(text) || UNSUPPORTED_FILTERS.includes(text));
    if (name === "test") return isNamed(input, (text) => Object.hasOwn(TESTS, text) || NAME_TESTS.includes(text));
    const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined;
    if (!test) throw new PythonError("TemplateAssertionError", `No test named '${name}'.`);
    return test(input, args, this);
  }

  /** One step at a place of the template; errors of Python's kind come out with that place. */
  private visit<Result>(at: number, inner: () => Result): Result {
    this.budget.step();
    try {
      return inner();
    } catch (error) {
      throw this.located(error, at);
    }
  }

  /** An error with the place of the innermost node that failed; one that has a place already keeps it. */
  private located(error: unknown, at: number): unknown {
    const where = this.source.place(at);
    if (error instanceof UnsupportedError) return this.source.unsupported(error.message, at);
    if (error instanceof RaisedByTemplate) {
      return new SiftError("template-raised", `the template refuses this conversation: ${error.message}`, { where });
    }
    if (error instanceof PythonError) {
      return new SiftError("template-error", `${error.kind}: ${error.message}`, {
        where,
        remedy: "correct the template or the row",
      });
    }
    if (error instanceof SiftError && error.where === undefined) {
      return new SiftError(error.code, error.message, { where, ...(error.remedy ? { remedy: error.remedy } : {}) });
    }
    if (error instanceof RangeError) {
      const { code, message, remedy = "" } = limitError(rangeReason(error));
      return new SiftError(code, message, { where, remedy });
    }
    return error;
  }

  private execute(body: readonly Statement[], scope: Scope, out: StrBuilder): Signal {
    for (const statement of body) {
      const signal = this.visit(statement.at, () => this.executeOne(statement, scope, out));
      if (signal) return signal;
    }
    return undefined;
  }

  private executeOne(node: Statement, scope: Scope, out: StrBuilder): Signal {
    switch (node.type) {
      case "data":
        return this.write(out, new Str(node.text), { from: node.at, to: node.at + node.text.length });
      case "output":
        return this.write(out, toStr(this.expressions.evaluate(node.value, scope)), { from: node.at, to: node.end });
      case "if":
        return this.branch(node, scope, out);
      case "for":
        return this.loop(node, scope, out);
      case "set":
        return this.assign(node.target, this.expressions.evaluate(node.value, scope), scope);
      case "set-block":
        return this.assign(node.target, this.filtered(this.buffered(node.body, new Scope(scope)), node, scope), scope);
      case "macro":
        return void scope.set(node.name, this.macro(node, scope));
      case "call-block":
        return this.callBlock(node, scope, out);
      case "filter-block":
        return this.write(
          out,
          toStr(this.filtered(this.buffered(node.body, new Scope(scope)), node, scope)),
          this.source.tag(node.at),
        );
      case "with":
        return this.withBlock(node, scope, out);
      case "generation":
        return this.generation(node, scope, out);
      case "break":
      case "continue":
        return node.type;
    }
  }

  private write(out: StrBuilder, text: Str, place: SourceRange): undefined {
    this.budget.wrote(text.text.length);
    const { mark } = this;
    out.add(mark ? text.mapAuthors((author) => mark(author, place)) : text);
    if (out === this.root) this.boundaries.push(out.length);
  }

  /** Text that stands in an expression: wherever it ends up, it came from here. */
  private literal(text: string, at: number): Str {
    return this.mark ? Str.by(text, this.mark(TEMPLATE, this.source.literal(at))) : new Str(text);
  }

  /** Runs a body whose text is not (yet) the template's output. */
  private buffered(body: readonly Statement[], scope: Scope): Str {
    const buffer = new StrBuilder();
    const signal = this.execute(body, scope, buffer);
    if (signal) throw new PythonError("SyntaxError", `'${signal}' outside of its loop`);
    return buffer.build();
  }

  /** A captured text through the filters of `{% filter %}` or `{% set x | f %}`. */
  private filtered(
    text: Str,
    tag: { readonly filters: readonly FilterCall[]; readonly at: number },
    scope: Scope,
  ): Value {
    return tag.filters.reduce<Value>((value, filter) => {
      const args = this.expressions.arguments(filter.args, scope);
      operationAt(tag.at);
      return this.applyFilter(filter.name, value, args);
    }, text);
  }

  /** Bodies of `if` are no scope of their own: what they set stays. */
  private branch(node: Node<"if">, scope: Scope, out: StrBuilder): Signal {
    const taken = node.branches.find((branch) => truthy(this.expressions.evaluate(branch.test, scope)));
    return this.execute(taken ? taken.body : node.otherwise, scope, out);
  }

  /** Sets in the innermost scope; a name outside of it keeps its value, as in jinja2. */
  private assign(target: Target, value: Value, scope: Scope): undefined {
    if (target.type === "name") return void scope.set(target.name, value);
    if (target.type === "namespace") {
      const namespace = scope.get(target.name);
      if (!(namespace instanceof Namespace)) {
        throw new PythonError("TemplateRuntimeError", "cannot assign attribute on non-namespace object");
      }
      setNamespace(namespace, target.attribute, value);
      return undefined;
    }
    const items = iterate(value);
    if (items.length !== target.items.length) {
      const problem = items.length < target.items.length ? "not enough" : "too many";
      throw new PythonError("ValueError", `${problem} values to unpack (expected ${target.items.length})`);
    }
    target.items.forEach((item, i) => this.assign(item, items[i] ?? null, scope));
  }

  private loop(node: Node<"for">, scope: Scope, out: StrBuilder): Signal {
    const iterable = this.expressions.evaluate(node.iterable, scope);
    this.loopOver(node, iterable, { scope, out, depth: 1 });
    return undefined;
  }

  /** Each iteration has a scope of its own, so that nothing set in one is seen in the next. */
  private loopOver(node: Node<"for">, iterable: Value, place: { scope: Scope; out: StrBuilder; depth: number }): void {
    const { scope, out, depth } = place;
    const items = this.selected(node, iterate(iterable), scope);
    const recurse = (inner: Value): Value =>
      this.budget.nested(() => {
        const buffer = new StrBuilder();
        this.loopOver(node, inner, { scope, out: buffer, depth: depth + 1 });
        return buffer.build();
      });
    const loop = new Loop(items, depth, node.recursive ? recurse : undefined);
    let completed = false;
    for (const item of items) {
      this.budget.step();
      const inner = new Scope(scope);
      inner.set("loop", loop);
      this.assign(node.target, item, inner);
      const signal = this.execute(node.body, inner, out);
      if (signal === "break") break;
      completed ||= signal === undefined;
      loop.index++;
    }
    // As in jinja2: a loop of which no iteration came to its end counts as one without items.
    if (!completed) this.execute(node.otherwise, new Scope(scope), out);
  }

  /** Items that pass the loop's own `if`. */
  private selected(node: Node<"for">, items: readonly Value[], scope: Scope): readonly Value[] {
    const { condition } = node;
    if (!condition) return items;
    return items.filter((item) => {
      this.budget.step();
      const inner = new Scope(scope);
      this.assign(node.target, item, inner);
      return truthy(this.expressions.evaluate(condition, inner));
    });
  }

  /** A macro sees the variables of the place where it is defined, as they are when it is called. */
  private macro(definition: MacroDefinition, closure: Scope): Callable {
    const call = (args: Arguments): Value =>
      this.budget.nested(() => {
        const scope = new Scope(closure);
        bindMacro(definition, args, { scope, evaluate: (expression) => this.expressions.evaluate(expression, scope) });
        return this.buffered(definition.body, scope);
      });
    return new Callable(definition.name, call, new Map([["name", new Str(definition.name)]]));
  }

  /** `{% call f(…) %}`: the body becomes the function `caller` of the macro that is called. */
  private callBlock(node: Node<"call-block">, scope: Scope, out: StrBuilder): undefined {
    const parameters: readonly Parameter[] = node.parameters;
    const caller = this.macro({ name: "caller", parameters, body: node.body }, scope);
    const args = this.expressions.arguments(node.call.args, scope);
    const callee = this.expressions.evaluate(node.call.callee, scope);
    const result = callValue(callee, {
      positional: args.positional,
      named: new Map([...args.named, ["caller", caller]]),
    });
    return this.write(out, toStr(result), this.source.tag(node.at));
  }

  private withBlock(node: Node<"with">, scope: Scope, out: StrBuilder): Signal {
    const inner = new Scope(scope);
    for (const { target, value } of node.bindings) this.assign(target, this.expressions.evaluate(value, scope), inner);
    return this.execute(node.body, inner, out);
  }

  /**
   * The reference measures a block's start as what the template has put out when the block ends; inside a macro or a
   * captured block that is less than what will stand before it. Kept as it is, for equal masks.
   */
  private generation(node: Node<"generation">, scope: Scope, out: StrBuilder): undefined {
    const text = this.buffered(node.body, new Scope(scope));
    this.generations.push({ start: this.root.length, length: text.codePointLength });
    return this.write(out, text, this.source.tag(node.at));
  }
}

const NAME_TESTS = ["filter", "test"];

/** Whether a value is a name of a table; what cannot be a key is an error, as in Python. */
function isNamed(value: Value, has: (text: string) => boolean): boolean {
  hashKey(value);
  return value instanceof Str && has(value.text);
}

/** What the JavaScript engine itself refused: its stack, or a text, list or integer beyond its own limits. */
const rangeReason = (error: RangeError): string =>
  error.message.includes("call stack") ? "it is nested too deeply" : "it makes a value that is too large";

/** Code unit offset `length` code points behind `start`; beyond the end where the text is shorter. */
function advance(text: Str, start: number, length: number): number {
  const end = text.codePointIndex(start) + length;
  return end > text.codePointLength ? text.text.length + 1 : text.unitOffset(end);
}

const FILTERS: ReadonlyMap<string, Filter> = new Map([
  ...Object.entries(TEXT_FILTERS),
  ...Object.entries(COLLECTION_FILTERS),
  ...Object.entries(NUMBER_FILTERS),
]);
