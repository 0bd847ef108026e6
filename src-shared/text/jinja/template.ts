import type { Template } from "./ast.ts";
import type { Str } from "./authored.ts";
import { Evaluator, type OriginMark, type RenderResult, type SourceRange } from "./evaluate.ts";
import { DEFAULT_LIMITS, type RenderLimits } from "./limits.ts";
import { parseTemplate } from "./parser.ts";
import { TemplateSource } from "./source.ts";
import type { Value } from "./values.ts";

/** Limits and clock of a render; both have defaults. */
export interface RenderOptions {
  readonly limits?: Partial<RenderLimits>;
  /** Clock of `strftime_now` and of the time limit, milliseconds since 1970. */
  readonly now?: () => number;
  /** Tells which piece of the template put out each character; costs time, so only views ask. */
  readonly mark?: OriginMark;
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
    const mark = options.mark ? { mark: options.mark } : {};
    return new Evaluator(this.place, { variables, limits, now: options.now ?? Date.now, ...mark }).run(this.parsed);
  }

  /** 1-based line of an offset in the source. */
  lineAt(offset: number): number {
    return this.place.place(offset).line ?? 1;
  }
}

export type { OriginMark, RenderResult, SourceRange, Str };
