import type {
  BinaryOperator,
  CallArguments,
  Comparison,
  CompareOperator,
  Expression,
  FilterCall,
  SliceExpression,
} from "./ast.ts";
import type { TokenStream } from "./tokens.ts";

/** Expressions, with the precedence of jinja2 3.1 `parser.py`. */

const COMPARISONS: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);
/** A filter or test that is written without parentheses. */
export const NO_ARGUMENTS: CallArguments = { positional: [], named: [] };

/** One expression, with `a if b else c` unless told otherwise. */
export function parseExpression(stream: TokenStream, withConditional = true): Expression {
  if (!withConditional) return parseOr(stream);
  let value = parseOr(stream);
  while (stream.isName("if")) {
    const at = stream.next().at;
    const test = parseOr(stream);
    const no = stream.skipName("else") ? parseExpression(stream) : undefined;
    value = { type: "conditional", at, test, yes: value, ...(no ? { no } : {}) };
  }
  return value;
}

/** One expression, or a tuple where commas follow. */
export function parseTuple(
  stream: TokenStream,
  options: { conditional?: boolean; parenthesised?: boolean; isEnd?: () => boolean } = {},
): Expression {
  const { at } = stream.current;
  const items: Expression[] = [];
  const atEnd = (): boolean =>
    stream.is("variable_end") || stream.is("block_end") || stream.isOperator(")") || (options.isEnd?.() ?? false);
  let isTuple = false;
  for (;;) {
    if (items.length > 0) stream.expectOperator(",");
    if (atEnd()) break;
    items.push(parseExpression(stream, options.conditional ?? true));
    if (!stream.isOperator(",")) break;
    isTuple = true;
  }
  const only = items[0];
  if (!isTuple && only) return only;
  if (!isTuple && !options.parenthesised) throw stream.fail(`expected an expression, got ${stream.describe()}`);
  return { type: "tuple", at, items };
}

function parseOr(stream: TokenStream): Expression {
  let left = parseAnd(stream);
  while (stream.isName("or")) {
    const at = stream.next().at;
    left = { type: "or", at, left, right: parseAnd(stream) };
  }
  return left;
}

function parseAnd(stream: TokenStream): Expression {
  let left = parseNot(stream);
  while (stream.isName("and")) {
    const at = stream.next().at;
    left = { type: "and", at, left, right: parseNot(stream) };
  }
  return left;
}

function parseNot(stream: TokenStream): Expression {
  if (!stream.isName("not")) return parseCompare(stream);
  const at = stream.next().at;
  return { type: "not", at, value: parseNot(stream) };
}

function parseCompare(stream: TokenStream): Expression {
  const { at } = stream.current;
  const first = parseSum(stream);
  const rest: Comparison[] = [];
  for (;;) {
    const operator = takeComparison(stream);
    if (operator === undefined) break;
    rest.push({ operator, value: parseSum(stream) });
  }
  return rest.length === 0 ? first : { type: "compare", at, first, rest };
}

function takeComparison(stream: TokenStream): CompareOperator | undefined {
  const { kind, value } = stream.current;
  if (kind === "operator" && COMPARISONS.has(value)) {
    stream.next();
    return value as CompareOperator;
  }
  if (stream.skipName("in")) return "in";
  if (!stream.isName("not") || stream.peek(1).kind !== "name" || stream.peek(1).value !== "in") return undefined;
  stream.next();
  stream.next();
  return "not in";
}

function parseBinary(
  stream: TokenStream,
  operators: readonly BinaryOperator[],
  operand: (s: TokenStream) => Expression,
): Expression {
  let left = operand(stream);
  while (stream.isOperator(...operators)) {
    const token = stream.next();
    left = { type: "binary", at: token.at, operator: token.value as BinaryOperator, left, right: operand(stream) };
  }
  return left;
}

const parseSum = (stream: TokenStream): Expression => parseBinary(stream, ["+", "-"], parseConcat);

/** `~` binds tighter than `+`, looser than `*`. */
function parseConcat(stream: TokenStream): Expression {
  const { at } = stream.current;
  const first = parseProduct(stream);
  const parts = [first];
  while (stream.skipOperator("~")) parts.push(parseProduct(stream));
  return parts.length === 1 ? first : { type: "concat", at, parts };
}

const parseProduct = (stream: TokenStream): Expression => parseBinary(stream, ["*", "/", "//", "%"], parsePower);
// Left-associative here, unlike in Python: jinja2 reads 2 ** 3 ** 2 as (2 ** 3) ** 2.
const parsePower = (stream: TokenStream): Expression => parseBinary(stream, ["**"], (s) => parseUnary(s, true));

/** A filter behind a sign applies to the signed value: `-1 | abs` is 1. */
function parseUnary(stream: TokenStream, withFilter: boolean): Expression {
  let value: Expression;
  if (stream.isOperator("-", "+")) {
    const token = stream.next();
    value = { type: "sign", at: token.at, negative: token.value === "-", value: parseUnary(stream, false) };
  } else {
    value = parsePrimary(stream);
  }
  value = parsePostfix(stream, value);
  return withFilter ? parseFiltersAndTests(stream, value) : value;
}

/** A name, a literal, or something in brackets. */
export function parsePrimary(stream: TokenStream): Expression {
  const token = stream.next();
  const { at } = token;
  switch (token.kind) {
    case "name":
      return nameOrConstant(token.value, at);
    case "string": {
      let value = token.value;
      while (stream.is("string")) value += stream.next().value;
      return { type: "constant", at, value };
    }
    case "integer":
      return { type: "constant", at, value: integerValue(token.value) };
    case "float":
      return { type: "float", at, value: Number(token.value) };
    case "operator":
      return parseBracketed(stream, token.value, at);
    case "data":
    case "variable_begin":
    case "variable_end":
    case "block_begin":
    case "block_end":
    case "eof":
      throw stream.fail(`unexpected ${stream.describe(token)}`, at);
  }
}

function nameOrConstant(name: string, at: number): Expression {
  if (name === "true" || name === "True") return { type: "constant", at, value: true };
  if (name === "false" || name === "False") return { type: "constant", at, value: false };
  if (name === "none" || name === "None") return { type: "constant", at, value: null };
  return { type: "name", at, name };
}

function integerValue(digits: string): number | bigint {
  const value = BigInt(/^0+$/.test(digits) ? "0" : digits);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

function parseBracketed(stream: TokenStream, opener: string, at: number): Expression {
  if (opener === "(") {
    const inner = parseTuple(stream, { parenthesised: true });
    stream.expectOperator(")");
    return inner;
  }
  if (opener === "[") return { type: "list", at, items: parseSeries(stream, "]", () => parseExpression(stream)) };
  if (opener !== "{") throw stream.fail(`unexpected '${opener}'`, at);
  const items = parseSeries(stream, "}", () => {
    const key = parseExpression(stream);
    stream.expectOperator(":");
    return { key, value: parseExpression(stream) };
  });
  return { type: "dict", at, items };
}

/** Items between commas up to `closer`, which is consumed; a trailing comma is allowed. */
function parseSeries<Item>(stream: TokenStream, closer: string, parse: () => Item): Item[] {
  const items: Item[] = [];
  while (!stream.isOperator(closer)) {
    if (items.length > 0) stream.expectOperator(",");
    if (stream.isOperator(closer)) break;
    items.push(parse());
  }
  stream.expectOperator(closer);
  return items;
}

/** Attributes, items and calls behind a value. */
export function parsePostfix(stream: TokenStream, start: Expression): Expression {
  let value = start;
  for (;;) {
    const { at } = stream.current;
    if (stream.skipOperator(".")) value = parseAttribute(stream, value, at);
    else if (stream.skipOperator("[")) value = parseItem(stream, value, at);
    else if (stream.isOperator("(")) value = { type: "call", at, callee: value, args: parseCallArguments(stream) };
    else return value;
  }
}

function parseAttribute(stream: TokenStream, object: Expression, at: number): Expression {
  const token = stream.next();
  if (token.kind === "name") return { type: "attribute", at, object, name: token.value };
  if (token.kind !== "integer") throw stream.fail("expected a name or a number after '.'", token.at);
  return { type: "item", at, object, index: { type: "constant", at: token.at, value: integerValue(token.value) } };
}

function parseItem(stream: TokenStream, object: Expression, at: number): Expression {
  const indices = parseSeries(stream, "]", () => parseSubscript(stream));
  const [only] = indices;
  if (indices.length === 1 && only) return { type: "item", at, object, index: only };
  const items = indices.filter((index) => index.type !== "slice");
  if (items.length !== indices.length) throw stream.source.unsupported("a slice with several dimensions", at);
  return { type: "item", at, object, index: { type: "tuple", at, items } };
}

/** An index or a slice between brackets. */
function parseSubscript(stream: TokenStream): Expression | SliceExpression {
  const { at } = stream.current;
  const part = (): Expression | undefined => (stream.isOperator(":", "]", ",") ? undefined : parseExpression(stream));
  const start = part();
  if (start && !stream.isOperator(":")) return start;
  stream.expectOperator(":");
  const stop = part();
  const step = stream.skipOperator(":") ? part() : undefined;
  return { type: "slice", at, ...(start ? { start } : {}), ...(stop ? { stop } : {}), ...(step ? { step } : {}) };
}

/** Arguments in parentheses, by position and by name, with `*` and `**`. */
export function parseCallArguments(stream: TokenStream): CallArguments {
  const { at } = stream.expectOperator("(");
  const positional: Expression[] = [];
  const named: { name: string; value: Expression }[] = [];
  let spread: Expression | undefined;
  let namedSpread: Expression | undefined;
  const ensure = (allowed: boolean): void => {
    if (!allowed) throw stream.fail("invalid syntax for a call", at);
  };
  parseSeries(stream, ")", () => {
    if (stream.skipOperator("*")) {
      ensure(!spread && !namedSpread);
      spread = parseExpression(stream);
    } else if (stream.skipOperator("**")) {
      ensure(!namedSpread);
      namedSpread = parseExpression(stream);
    } else if (stream.is("name") && stream.peek(1).kind === "operator" && stream.peek(1).value === "=") {
      ensure(!namedSpread);
      const name = stream.next().value;
      stream.next();
      named.push({ name, value: parseExpression(stream) });
    } else {
      ensure(!spread && !namedSpread && named.length === 0);
      positional.push(parseExpression(stream));
    }
  });
  return { positional, named, ...(spread ? { spread } : {}), ...(namedSpread ? { namedSpread } : {}) };
}

function parseFiltersAndTests(stream: TokenStream, start: Expression): Expression {
  let value = start;
  for (;;) {
    const { at } = stream.current;
    if (stream.skipOperator("|")) value = { type: "filter", input: value, ...parseFilterCall(stream) };
    else if (stream.isName("is")) value = parseTest(stream, value);
    else if (stream.isOperator("(")) value = { type: "call", at, callee: value, args: parseCallArguments(stream) };
    else return value;
  }
}

/** A filter's name and arguments, after its `|`. */
export function parseFilterCall(stream: TokenStream): FilterCall {
  const { at } = stream.current;
  const name = parseDottedName(stream);
  return { at, name, args: stream.isOperator("(") ? parseCallArguments(stream) : NO_ARGUMENTS };
}

function parseDottedName(stream: TokenStream): string {
  let name = stream.expect("name").value;
  while (stream.skipOperator(".")) name += `.${stream.expect("name").value}`;
  return name;
}

function parseTest(stream: TokenStream, input: Expression): Expression {
  const { at } = stream.next();
  const negated = stream.skipName("not");
  const name = parseDottedName(stream);
  const test: Expression = { type: "test", at, input, name, args: parseTestArguments(stream) };
  return negated ? { type: "not", at, value: test } : test;
}

/** `is divisibleby 3` needs no parentheses: one operand may follow by itself. */
function parseTestArguments(stream: TokenStream): CallArguments {
  if (stream.isOperator("(")) return parseCallArguments(stream);
  const startsOperand =
    stream.is("name") ||
    stream.is("string") ||
    stream.is("integer") ||
    stream.is("float") ||
    stream.isOperator("[", "{");
  if (!startsOperand || stream.isName("else", "or", "and")) return NO_ARGUMENTS;
  if (stream.isName("is")) throw stream.fail("tests with 'is' cannot be chained");
  return { positional: [parsePostfix(stream, parsePrimary(stream))], named: [] };
}
