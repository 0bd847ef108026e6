import { SiftError } from "#shared/errors.ts";

/** How much a template may do for one row. */
export interface RenderLimits {
  /** Expressions and statements evaluated. */
  readonly maxSteps: number;
  readonly maxMilliseconds: number;
  /** Characters of output, buffers of macros and blocks included. */
  readonly maxCharacters: number;
  /** Macros and recursive loops inside each other. */
  readonly maxDepth: number;
}

/** A thousand-turn conversation takes about 2e5 steps and 0.1 s; a hundred times that is a template that does not end. */
export const DEFAULT_LIMITS: RenderLimits = {
  maxSteps: 20_000_000,
  maxMilliseconds: 5000,
  maxCharacters: 50_000_000,
  maxDepth: 150,
};

const CLOCK_EVERY = 256;

/** Stops a template that loops for ever or writes without end. */
export class Budget {
  private readonly limits: RenderLimits;
  private readonly now: () => number;
  private readonly started: number;
  private steps = 0;
  private characters = 0;
  private depth = 0;

  constructor(limits: RenderLimits, now: () => number) {
    this.limits = limits;
    this.now = now;
    this.started = now();
  }

  step(): void {
    this.steps++;
    if (this.steps > this.limits.maxSteps) throw limitError(`it took more than ${this.limits.maxSteps} steps`);
    if (this.steps % CLOCK_EVERY === 0 && this.now() - this.started > this.limits.maxMilliseconds) {
      throw limitError(`it took more than ${this.limits.maxMilliseconds / 1000} s`);
    }
  }

  wrote(characters: number): void {
    this.characters += characters;
    if (this.characters > this.limits.maxCharacters)
      throw limitError(`it wrote more than ${this.limits.maxCharacters} characters`);
  }

  nested<Result>(run: () => Result): Result {
    if (++this.depth > this.limits.maxDepth)
      throw limitError(`macros call each other more than ${this.limits.maxDepth} deep`);
    try {
      return run();
    } finally {
      this.depth--;
    }
  }
}

function limitError(reason: string): SiftError {
  return new SiftError("template-limit", `the template was stopped: ${reason}`, {
    remedy: "look for a loop or a macro that does not end",
  });
}
