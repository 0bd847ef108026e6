/** A little of Markdown, as chat answers use it: fenced code, headings, lists, bold, inline code. Everything else stays text. */
export type Inline = { readonly kind: "text" | "bold" | "code"; readonly text: string };
export type Block =
  | { readonly kind: "code"; readonly text: string; readonly language: string }
  | { readonly kind: "heading"; readonly inlines: readonly Inline[] }
  | { readonly kind: "list"; readonly ordered: boolean; readonly items: readonly (readonly Inline[])[] }
  | { readonly kind: "paragraph"; readonly inlines: readonly Inline[] };

const INLINE = /`([^`\n]+)`|\*\*([^*\n]+)\*\*/g;

export function parseInline(text: string): Inline[] {
  const parts: Inline[] = [];
  let last = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > last) parts.push({ kind: "text", text: text.slice(last, match.index) });
    const [whole, code, bold] = match;
    parts.push(code === undefined ? { kind: "bold", text: bold ?? "" } : { kind: "code", text: code });
    last = match.index + whole.length;
  }
  if (last < text.length) parts.push({ kind: "text", text: text.slice(last) });
  return parts;
}

const FENCE = /^\s*(```|~~~)\s*([\w+#.-]*)\s*$/;
const HEADING = /^#{1,6}\s+(.*)$/;
const ITEM = /^\s*(?:([-*•])|\d{1,3}[.)])\s+(.*)$/;

class Parser {
  readonly blocks: Block[] = [];
  #paragraph: string[] = [];
  #items: Inline[][] = [];
  #ordered = false;

  end(): void {
    if (this.#paragraph.length > 0) {
      this.blocks.push({ kind: "paragraph", inlines: parseInline(this.#paragraph.join("\n")) });
    }
    if (this.#items.length > 0) this.blocks.push({ kind: "list", ordered: this.#ordered, items: this.#items });
    this.#paragraph = [];
    this.#items = [];
  }

  line(line: string): void {
    const heading = HEADING.exec(line);
    const item = ITEM.exec(line);
    if (line.trim() === "") return this.end();
    if (heading) {
      this.end();
      this.blocks.push({ kind: "heading", inlines: parseInline(heading[1] ?? "") });
    } else if (item) this.#item(item[1] === undefined, item[2] ?? "");
    else {
      if (this.#items.length > 0) this.end();
      this.#paragraph.push(line);
    }
  }

  #item(ordered: boolean, text: string): void {
    if (this.#paragraph.length > 0 || (this.#items.length > 0 && this.#ordered !== ordered)) this.end();
    this.#ordered = ordered;
    this.#items.push(parseInline(text));
  }
}

/** Blocks in order. Nothing is lost: what is not understood is a paragraph, line ends kept. */
export function parseBlocks(text: string): Block[] {
  const parser = new Parser();
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const fence = FENCE.exec(lines[at] ?? "");
    if (!fence) {
      parser.line(lines[at] ?? "");
      continue;
    }
    parser.end();
    const rest = lines.slice(at + 1);
    const length = rest.findIndex((line) => line.trim() === fence[1]);
    const body = length < 0 ? rest : rest.slice(0, length);
    parser.blocks.push({ kind: "code", text: body.join("\n"), language: fence[2] ?? "" });
    at += body.length + (length < 0 ? 0 : 1);
  }
  parser.end();
  return parser.blocks;
}
