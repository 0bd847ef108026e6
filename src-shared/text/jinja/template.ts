import type { Template } from "./ast.ts";
import type { Str } from "./authored.ts";
import { Evaluator, type OriginMark, type RenderResult, type SourceRange } from "./evaluate.ts";
import { DEFAULT_LIMITS, type RenderLimits } from "./limits.ts";
import { parseTemplate } from "./parser.ts";
import { TemplateSource } from "./source.ts";
import type { LossMarks } from "./losses.ts";
import type { Value } from "./values.ts";

/** Limits and clock of a render; both have defaults. */
export interface RenderOptions {
  readonly limits?: Partial<RenderLimits>;
  /** Clock of `strftime_now` and of the time limit, milliseconds since 1970. */
  readonly now?: () => number;
  /** Tells which piece of the template put out each character; costs time, so only views ask. */
  readonly mark?: OriginMark;
  /** Told of operations that lose who wrote a text. */
  readonly losses?: LossMarks;
}

/** A parsed chat template, rendered as `apply_chat_template` renders it. */
export class ChatTemplate {
  readonly source: string;
  private readonly parsed: Template;
  private readonly place: TemplateSource;

  /** @throws SiftError `template-syntax` or `template-unsupported`, with line and column. */
  constructor(source: string) {
    this.source = source;
    this.place = new TemplateSource(source);
    this.parsed = parseTemplate(this.place);
  }

  get hasGenerationTags(): boolean {
    return this.parsed.hasGenerationTags;
  }

  /** @throws SiftError `template-raised`, `template-error`, `template-unsupported` or `template-limit`. */
  render(variables: ReadonlyMap<string, Value>, options: RenderOptions = {}): RenderResult {
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const { mark, losses, now = Date.now } = options;
    const hooks = { ...(mark ? { mark } : {}), ...(losses ? { losses } : {}) };
    return new Evaluator(this.place, { variables, limits, now, ...hooks }).run(this.parsed);
  }

  /** 1-based line and column of an offset in the source. */
  placeAt(offset: number): { readonly line: number; readonly column: number } {
    const { line = 1, column = 1 } = this.place.place(offset);
    return { line, column };
  }

  /** 1-based line of an offset in the source. */
  lineAt(offset: number): number {
    return this.place.place(offset).line ?? 1;
  }
}

export type { OriginMark, RenderResult, SourceRange, Str };
