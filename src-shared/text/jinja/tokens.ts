import type { Token, TokenKind } from "./lexer.ts";
import type { TemplateSource } from "./source.ts";

/** A cursor over the tokens of a template. */
export class TokenStream {
  readonly source: TemplateSource;
  private readonly tokens: readonly Token[];
  private index = 0;

  constructor(source: TemplateSource, tokens: readonly Token[]) {
    this.source = source;
    this.tokens = tokens;
  }

  get current(): Token {
    return this.peek(0);
  }

  peek(distance: number): Token {
    const token = this.tokens[this.index + distance] ?? this.tokens.at(-1);
    if (!token) throw new Error("a token stream ends with eof");
    return token;
  }

  next(): Token {
    const token = this.current;
    this.index++;
    return token;
  }

  is(kind: TokenKind): boolean {
    return this.current.kind === kind;
  }

  isName(...names: readonly string[]): boolean {
    return this.current.kind === "name" && names.includes(this.current.value);
  }

  isOperator(...operators: readonly string[]): boolean {
    return this.current.kind === "operator" && operators.includes(this.current.value);
  }

  skipName(name: string): boolean {
    if (!this.isName(name)) return false;
    this.index++;
    return true;
  }

  skipOperator(operator: string): boolean {
    if (!this.isOperator(operator)) return false;
    this.index++;
    return true;
  }

  expect(kind: TokenKind): Token {
    if (!this.is(kind)) throw this.fail(`expected ${KIND_WORDS[kind]}, got ${this.describe()}`);
    return this.next();
  }

  expectOperator(operator: string): Token {
    if (!this.isOperator(operator)) throw this.fail(`expected '${operator}', got ${this.describe()}`);
    return this.next();
  }

  expectName(name: string): Token {
    if (!this.isName(name)) throw this.fail(`expected '${name}', got ${this.describe()}`);
    return this.next();
  }

  describe(token: Token = this.current): string {
    if (token.kind === "name" || token.kind === "operator") return `'${token.value}'`;
    return KIND_WORDS[token.kind];
  }

  fail(message: string, at: number = this.current.at): Error {
    return this.source.syntaxError(message, at);
  }
}

const KIND_WORDS: Readonly<Record<TokenKind, string>> = {
  data: "text",
  variable_begin: "{{",
  variable_end: "the end of the print statement (}})",
  block_begin: "{%",
  block_end: "the end of the tag (%})",
  name: "a name",
  string: "a string",
  integer: "an integer",
  float: "a number",
  operator: "an operator",
  eof: "the end of the template",
};
