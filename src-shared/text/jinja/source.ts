import { SiftError, type ErrorPlace } from "#shared/errors.ts";

/** Template text as Jinja reads it: newlines become "\n" and one trailing newline is dropped. Offsets count in this text. */
export class TemplateSource {
  readonly text: string;

  constructor(raw: string) {
    const unified = raw.replace(/\r\n|\r/g, "\n");
    this.text = unified.endsWith("\n") ? unified.slice(0, -1) : unified;
  }

  /** 1-based line and column of an offset. */
  place(offset: number): ErrorPlace {
    const before = this.text.slice(0, offset);
    const lineStart = before.lastIndexOf("\n") + 1;
    return { line: before.split("\n").length, column: offset - lineStart + 1 };
  }

  /** The tag that begins at an offset, up to its `%}`. */
  tag(at: number): { readonly from: number; readonly to: number } {
    const close = this.text.indexOf("%}", at);
    return { from: at, to: close < 0 ? this.text.length : close + 2 };
  }

  /** The quoted text that begins at an offset, with its quotes. */
  literal(at: number): { readonly from: number; readonly to: number } {
    const quote = this.text[at];
    let end = at + 1;
    while (end < this.text.length && this.text[end] !== quote) end += this.text[end] === "\\" ? 2 : 1;
    return { from: at, to: Math.min(this.text.length, end + 1) };
  }

  syntaxError(message: string, offset: number): SiftError {
    return new SiftError("template-syntax", message, {
      where: this.place(offset),
      remedy: "correct the template at this place",
    });
  }

  unsupported(feature: string, offset: number): SiftError {
    return new SiftError("template-unsupported", `the template uses ${feature}, which is not supported`, {
      where: this.place(offset),
      remedy: "rewrite this part of the template without it",
    });
  }
}
