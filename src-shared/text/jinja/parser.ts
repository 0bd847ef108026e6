import type { Expression, FilterCall, Parameter, Statement, Target, Template } from "./ast.ts";
import { tokenize } from "./lexer.ts";
import { limitError } from "./limits.ts";
import { parseExpression, parseFilterCall, parseTuple } from "./parseExpression.ts";
import type { TemplateSource } from "./source.ts";
import { TokenStream } from "./tokens.ts";

type StatementParser = (parser: Parser, at: number) => Statement;

/** Tags that jinja2 knows and that no chat template can use, or that would need another template. */
const UNSUPPORTED_TAGS = ["include", "import", "from", "extends", "block", "autoescape", "print", "trans", "do"];

/** Statements of a template, after jinja2 3.1 `parser.py` with the extensions of `apply_chat_template`. */
class Parser {
  readonly stream: TokenStream;
  hasGenerationTags = false;

  constructor(source: TemplateSource) {
    this.stream = new TokenStream(source, tokenize(source));
  }

  /** Statements up to a tag named in `ends`; the stream then stands on that name. */
  parseBody(ends: readonly string[], opener?: { name: string; at: number }): Statement[] {
    const body: Statement[] = [];
    const { stream } = this;
    while (!stream.is("eof")) {
      const token = stream.next();
      if (token.kind === "data") {
        body.push({ type: "data", at: token.at, text: token.value });
      } else if (token.kind === "variable_begin") {
        const value = parseTuple(stream);
        const { at: close, value: mark } = stream.expect("variable_end");
        body.push({ type: "output", at: token.at, end: close + mark.length, value });
      } else {
        if (stream.isName(...ends)) return body;
        body.push(this.parseStatement());
        stream.expect("block_end");
      }
    }
    if (!opener) return body;
    throw stream.fail(
      `{% ${opener.name} %} is never closed: expected ${ends.map((end) => `'${end}'`).join(" or ")}`,
      opener.at,
    );
  }

  /** A body behind `%}`, closed by `{% end %}`, which is consumed up to its own `%}`. */
  parseBlock(name: string, at: number): Statement[] {
    this.stream.skipOperator(":");
    this.stream.expect("block_end");
    const body = this.parseBody([`end${name}`], { name, at });
    this.stream.next();
    return body;
  }

  private parseStatement(): Statement {
    const { stream } = this;
    const token = stream.expect("name");
    const parse = Object.hasOwn(STATEMENTS, token.value) ? STATEMENTS[token.value] : undefined;
    if (parse) return parse(this, token.at);
    if (UNSUPPORTED_TAGS.includes(token.value)) throw stream.source.unsupported(`the tag '${token.value}'`, token.at);
    throw stream.fail(`unknown tag '${token.value}'`, token.at);
  }

  /** What `set`, `for` and `with` assign to. */
  parseTarget(options: { namespace?: boolean } = {}): Target {
    const { stream } = this;
    const { at } = stream.current;
    const items: Target[] = [];
    let isTuple = false;
    for (;;) {
      items.push(this.parseTargetItem(options));
      if (!stream.skipOperator(",")) break;
      isTuple = true;
      if (stream.isName("in") || stream.isOperator("=", ")")) break;
    }
    const [only] = items;
    return !isTuple && only ? only : { type: "unpack", at, items };
  }

  /** A name, an attribute of a namespace where that is allowed, or a group in parentheses. */
  private parseTargetItem(options: { namespace?: boolean }): Target {
    const { stream } = this;
    if (stream.skipOperator("(")) {
      const inner = this.parseTarget(options);
      stream.expectOperator(")");
      return inner.type === "unpack" ? inner : { type: "unpack", at: inner.at, items: [inner] };
    }
    const { value: name, at } = stream.expect("name");
    if (["true", "false", "none", "True", "False", "None"].includes(name))
      throw stream.fail(`cannot assign to '${name}'`, at);
    if (!options.namespace || !stream.skipOperator(".")) return { type: "name", at, name };
    return { type: "namespace", at, name, attribute: stream.expect("name").value };
  }

  /** Parameters of a macro; those with a default come last. */
  parseParameters(): Parameter[] {
    const { stream } = this;
    const parameters: Parameter[] = [];
    stream.expectOperator("(");
    while (!stream.isOperator(")")) {
      if (parameters.length > 0) stream.expectOperator(",");
      const name = stream.expect("name").value;
      if (stream.skipOperator("=")) parameters.push({ name, default: parseExpression(stream) });
      else if (parameters.at(-1)?.default) throw stream.fail("a parameter without default follows one with a default");
      else parameters.push({ name });
    }
    stream.expectOperator(")");
    return parameters;
  }

  parseFilters(): FilterCall[] {
    const filters: FilterCall[] = [];
    while (this.stream.skipOperator("|")) filters.push(parseFilterCall(this.stream));
    return filters;
  }
}

/** One entry a tag; what is in neither this table nor the list above is an unknown tag. */
const STATEMENTS: Readonly<Record<string, StatementParser>> = {
  if: parseIf,
  for: parseFor,
  set: parseSet,
  macro: parseMacro,
  call: parseCallBlock,
  filter: parseFilterBlock,
  with: parseWith,
  generation: parseGeneration,
  break: (_, at) => ({ type: "break", at }),
  continue: (_, at) => ({ type: "continue", at }),
};

function parseIf(parser: Parser, at: number): Statement {
  const { stream } = parser;
  const branches: { test: Expression; body: Statement[] }[] = [];
  for (;;) {
    const test = parseTuple(stream, { conditional: false });
    stream.skipOperator(":");
    stream.expect("block_end");
    const body = parser.parseBody(["elif", "else", "endif"], { name: "if", at });
    branches.push({ test, body });
    const ending = stream.next().value;
    if (ending === "elif") continue;
    if (ending === "endif") return { type: "if", at, branches, otherwise: [] };
    return { type: "if", at, branches, otherwise: parser.parseBlock("if", at) };
  }
}

function parseFor(parser: Parser, at: number): Statement {
  const { stream } = parser;
  const target = parser.parseTarget();
  stream.expectName("in");
  const iterable = parseTuple(stream, { conditional: false, isEnd: () => stream.isName("recursive") });
  const condition = stream.skipName("if") ? parseExpression(stream) : undefined;
  const recursive = stream.skipName("recursive");
  stream.skipOperator(":");
  stream.expect("block_end");
  const body = parser.parseBody(["endfor", "else"], { name: "for", at });
  const otherwise = stream.next().value === "else" ? parser.parseBlock("for", at) : [];
  return { type: "for", at, target, iterable, ...(condition ? { condition } : {}), recursive, body, otherwise };
}

function parseSet(parser: Parser, at: number): Statement {
  const { stream } = parser;
  const target = parser.parseTarget({ namespace: true });
  if (stream.skipOperator("=")) return { type: "set", at, target, value: parseTuple(stream) };
  const filters = parser.parseFilters();
  return { type: "set-block", at, target, filters, body: parser.parseBlock("set", at) };
}

function parseMacro(parser: Parser, at: number): Statement {
  const name = parser.stream.expect("name").value;
  const parameters = parser.parseParameters();
  return { type: "macro", at, name, parameters, body: parser.parseBlock("macro", at) };
}

function parseCallBlock(parser: Parser, at: number): Statement {
  const { stream } = parser;
  const parameters = stream.isOperator("(") ? parser.parseParameters() : [];
  const call = parseExpression(stream);
  if (call.type !== "call") throw stream.fail("expected a call", at);
  return { type: "call-block", at, call, parameters, body: parser.parseBlock("call", at) };
}

function parseFilterBlock(parser: Parser, at: number): Statement {
  const filters = [parseFilterCall(parser.stream), ...parser.parseFilters()];
  return { type: "filter-block", at, filters, body: parser.parseBlock("filter", at) };
}

function parseWith(parser: Parser, at: number): Statement {
  const { stream } = parser;
  const bindings: { target: Target; value: Expression }[] = [];
  while (!stream.is("block_end")) {
    if (bindings.length > 0) stream.expectOperator(",");
    const name = stream.expect("name");
    stream.expectOperator("=");
    bindings.push({ target: { type: "name", at: name.at, name: name.value }, value: parseExpression(stream) });
  }
  return { type: "with", at, bindings, body: parser.parseBlock("with", at) };
}

function parseGeneration(parser: Parser, at: number): Statement {
  parser.hasGenerationTags = true;
  return { type: "generation", at, body: parser.parseBlock("generation", at) };
}

/** @throws SiftError `template-syntax` or `template-unsupported`, with line and column; `template-limit`. */
export function parseTemplate(source: TemplateSource): Template {
  const parser = new Parser(source);
  try {
    const body = parser.parseBody([]);
    return { body, hasGenerationTags: parser.hasGenerationTags };
  } catch (error) {
    if (error instanceof RangeError) throw limitError("it is nested too deeply");
    throw error;
  }
}

/** Tags that open a statement. */
export const TAG_NAMES: readonly string[] = Object.keys(STATEMENTS);
