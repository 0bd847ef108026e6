import type { TemplateSource } from "./source.ts";
import { unescapeString } from "./unescape.ts";

/**
 * Tokens of a template, with the whitespace rules of Hugging Face's environment (`trim_blocks`, `lstrip_blocks`).
 * Follows jinja2 3.1 `lexer.py`; every token carries its offset in the source.
 */
export type TokenKind =
  | "data"
  | "variable_begin"
  | "variable_end"
  | "block_begin"
  | "block_end"
  | "name"
  | "string"
  | "integer"
  | "float"
  | "operator"
  | "eof";

/** A token with its place in the source. */
export interface Token {
  readonly kind: TokenKind;
  /** Text of data, names and operators, the decoded value of strings, digits of numbers without `_`. */
  readonly value: string;
  readonly at: number;
}

/** What Python's `\s` and `str.isspace` match. */
export const PYTHON_SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

const sticky = (pattern: string): RegExp => new RegExp(pattern, "syu");
const WHITESPACE = sticky(`[${PYTHON_SPACE}]+`);
const FLOAT = sticky("(?<!\\.)(?:\\d+_)*\\d+(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+\\-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+)");
const INTEGER = sticky("0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\\da-fA-F])+|[1-9](?:_?\\d)*|0(?:_?0)*");
const NAME = sticky("[\\p{L}\\p{Nl}_][\\p{L}\\p{Nl}\\p{Mn}\\p{Mc}\\p{Nd}\\p{Pc}]*");
const STRING = sticky(`'[^'\\\\]*(?:\\\\.[^'\\\\]*)*'|"[^"\\\\]*(?:\\\\.[^"\\\\]*)*"`);
const OPERATOR = sticky("\\/\\/|\\*\\*|==|!=|>=|<=|[-+/*%~\\[\\](){}><=.:|,;]");
const TAG_BEGIN = new RegExp(
  `\\{%(?<raw>[-+]?)[${PYTHON_SPACE}]*raw[${PYTHON_SPACE}]*(?:-%\\}[${PYTHON_SPACE}]*|%\\})|(?<open>\\{\\{|\\{%|\\{#)(?<sign>[-+]?)`,
  "gsu",
);
const COMMENT_END = new RegExp(`\\+#\\}|-#\\}[${PYTHON_SPACE}]*|#\\}\\n?`, "gsu");
const RAW_END = new RegExp(
  `\\{%([-+]?)[${PYTHON_SPACE}]*endraw[${PYTHON_SPACE}]*(?:\\+%\\}|-%\\}[${PYTHON_SPACE}]*|%\\}\\n?)`,
  "gsu",
);
const BLOCK_END = sticky(`\\+%\\}|-%\\}[${PYTHON_SPACE}]*|%\\}\\n?`);
const VARIABLE_END = sticky(`-\\}\\}[${PYTHON_SPACE}]*|\\}\\}`);
const TRAILING_SPACE = new RegExp(`[${PYTHON_SPACE}]+$`, "u");
const ONLY_SPACE = new RegExp(`^[${PYTHON_SPACE}]+$`, "u");
const CLOSER: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** Text before a tag, after `-`, `+` or `lstrip_blocks`. */
function stripBeforeTag(text: string, sign: string, options: { isVariable: boolean; lineStarting: boolean }): string {
  if (sign === "-") return text.replace(TRAILING_SPACE, "");
  if (sign === "+" || options.isVariable) return text;
  const lineStart = text.lastIndexOf("\n") + 1;
  const atLineStart = lineStart > 0 || options.lineStarting;
  return atLineStart && ONLY_SPACE.test(text.slice(lineStart)) ? text.slice(0, lineStart) : text;
}

class Lexer {
  readonly tokens: Token[] = [];
  private at = 0;
  private lineStarting = true;
  private readonly source: TemplateSource;

  constructor(source: TemplateSource) {
    this.source = source;
  }

  run(): Token[] {
    while (this.at < this.source.text.length) this.lexData();
    this.push("eof", "", this.at);
    return this.tokens;
  }

  private push(kind: TokenKind, value: string, at: number): void {
    this.tokens.push({ kind, value, at });
  }

  /** Moves on, and remembers whether a line begins here: `lstrip_blocks` asks. */
  private advance(end: number): void {
    this.lineStarting = this.source.text[end - 1] === "\n";
    this.at = end;
  }

  /** Template text up to the next tag, then that tag. */
  private lexData(): void {
    const { text } = this.source;
    TAG_BEGIN.lastIndex = this.at;
    const match = TAG_BEGIN.exec(text);
    if (!match) {
      this.push("data", text.slice(this.at), this.at);
      return this.advance(text.length);
    }
    const { raw, open, sign = "" } = match.groups ?? {};
    const isVariable = open === "{{";
    const data = stripBeforeTag(text.slice(this.at, match.index), raw ?? sign, {
      isVariable,
      lineStarting: this.lineStarting,
    });
    if (data !== "") this.push("data", data, this.at);
    this.advance(match.index + match[0].length);
    if (open === undefined) this.lexRaw(match.index);
    else if (open === "{#") this.skipComment(match.index);
    else this.lexTag(isVariable, match.index);
  }

  /** `{% raw %}`: nothing inside is a tag. */
  private lexRaw(start: number): void {
    RAW_END.lastIndex = this.at;
    const match = RAW_END.exec(this.source.text);
    if (!match) throw this.source.syntaxError("{% raw %} has no {% endraw %}", start);
    const text = this.source.text.slice(this.at, match.index);
    const data = stripBeforeTag(text, match[1] ?? "", { isVariable: false, lineStarting: this.lineStarting });
    if (data !== "") this.push("data", data, this.at);
    this.advance(match.index + match[0].length);
  }

  private skipComment(start: number): void {
    COMMENT_END.lastIndex = this.at;
    const match = COMMENT_END.exec(this.source.text);
    if (!match) throw this.source.syntaxError("the comment {# has no end #}", start);
    this.advance(match.index + match[0].length);
  }

  /** The inside of `{{ … }}` or `{% … %}`; the end marks do not count while a bracket is open. */
  private lexTag(isVariable: boolean, start: number): void {
    const { text } = this.source;
    this.push(isVariable ? "variable_begin" : "block_begin", isVariable ? "{{" : "{%", start);
    const open: string[] = [];
    for (;;) {
      const end = open.length === 0 ? matchAt(isVariable ? VARIABLE_END : BLOCK_END, text, this.at) : undefined;
      if (end !== undefined) {
        this.push(isVariable ? "variable_end" : "block_end", end.trim(), this.at);
        return this.advance(this.at + end.length);
      }
      if (this.at >= text.length) {
        throw this.source.syntaxError(`${isVariable ? "{{" : "{%"} is never closed`, start);
      }
      this.lexExpressionToken(open);
    }
  }

  private lexExpressionToken(open: string[]): void {
    const { text } = this.source;
    const at = this.at;
    const take = (pattern: RegExp): string | undefined => {
      const found = matchAt(pattern, text, at);
      if (found !== undefined) this.advance(at + found.length);
      return found;
    };
    if (take(WHITESPACE) !== undefined) return;
    const float = take(FLOAT);
    if (float !== undefined) return this.push("float", float.replaceAll("_", ""), at);
    const integer = take(INTEGER);
    if (integer !== undefined) return this.push("integer", integer.replaceAll("_", ""), at);
    const name = take(NAME);
    if (name !== undefined) return this.push("name", name, at);
    const string = take(STRING);
    if (string !== undefined) return this.push("string", this.decode(string, at), at);
    const operator = take(OPERATOR);
    if (operator === undefined)
      throw this.source.syntaxError(`unexpected character ${JSON.stringify(text[at] ?? "")}`, at);
    this.balance(operator, open, at);
    this.push("operator", operator, at);
  }

  private decode(literal: string, at: number): string {
    const decoded = unescapeString(literal.slice(1, -1));
    if (decoded === undefined)
      throw this.source.syntaxError("the string holds an escape sequence that cannot be decoded", at);
    return decoded;
  }

  /** Brackets must pair up: that is how `}}` inside a dict is told from the end of the tag. */
  private balance(operator: string, open: string[], at: number): void {
    const closer = CLOSER[operator];
    if (closer !== undefined) open.push(closer);
    if (operator !== ")" && operator !== "]" && operator !== "}") return;
    const expected = open.pop();
    if (expected === undefined) throw this.source.syntaxError(`unexpected '${operator}'`, at);
    if (expected !== operator) throw this.source.syntaxError(`unexpected '${operator}', expected '${expected}'`, at);
  }
}

/** @throws SiftError `template-syntax` with line and column. */
export function tokenize(source: TemplateSource): Token[] {
  return new Lexer(source).run();
}
