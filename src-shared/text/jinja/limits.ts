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

/** Longest single text: five million tokens, and 40 MB of memory at most. */
const MAX_TEXT = 20_000_000;
/** Most items of one list; a list of single characters takes about 60 bytes an item. */
const MAX_ITEMS = 2_000_000;
/** Characters and list items that one render may make altogether, kept or not; about 1 GB if all of it is kept. */
const MAX_TOTAL_TEXT = 400_000_000;
const MAX_TOTAL_ITEMS = 10_000_000;

/** Units of work (about 50 ns each) between two looks at the clock. */
const CLOCK_EVERY = 20_000;
const STEP_UNITS = 64;
/** Characters that are searched or copied in one unit. */
const CHARACTERS_A_UNIT = 16;

/** Stops a template that loops for ever or writes without end. */
export class Budget {
  private readonly limits: RenderLimits;
  private readonly now: () => number;
  private readonly started: number;
  private steps = 0;
  private units = 0;
  private characters = 0;
  private totalText = 0;
  private totalItems = 0;
  private depth = 0;

  constructor(limits: RenderLimits, now: () => number) {
    this.limits = limits;
    this.now = now;
    this.started = now();
  }

  step(): void {
    this.steps++;
    if (this.steps > this.limits.maxSteps) throw limitError(`it took more than ${this.limits.maxSteps} steps`);
    this.spend(STEP_UNITS);
  }

  /** Work inside of one step; the clock is read when enough of it has come together. */
  spend(units: number): void {
    this.units += units;
    if (this.units < CLOCK_EVERY) return;
    this.units = 0;
    if (this.now() - this.started > this.limits.maxMilliseconds) {
      throw limitError(`it took more than ${this.limits.maxMilliseconds / 1000} s`);
    }
  }

  wrote(characters: number): void {
    this.characters += characters;
    if (this.characters > this.limits.maxCharacters)
      throw limitError(`it wrote more than ${this.limits.maxCharacters} characters`);
  }

  /** Counts a text that is made, whether or not it is ever written. */
  made(characters: number): void {
    this.totalText += characters;
    if (this.totalText > MAX_TOTAL_TEXT) throw limitError(`it made more than ${MAX_TOTAL_TEXT} characters of text`);
    this.spend(characters / CHARACTERS_A_UNIT);
  }

  listed(items: number): void {
    this.totalItems += items;
    if (this.totalItems > MAX_TOTAL_ITEMS) throw limitError(`it made lists of more than ${MAX_TOTAL_ITEMS} items`);
    this.spend(items);
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

/**
 * The budget of the render that runs. Operations on values are plain functions that know no evaluator; rendering is synchronous,
 * so that the one that runs is always the right one. Outside of a render nothing is counted.
 */
let running: Budget | undefined;

/** Runs a render under its budget. */
export function metered<Result>(budget: Budget, run: () => Result): Result {
  const outer = running;
  running = budget;
  try {
    return run();
  } finally {
    running = outer;
  }
}

/** Counts units of work (about 50 ns each) of an operation. */
export function spend(units: number): void {
  running?.spend(units);
}

/** Counts the work of going through a text once. */
export function spendText(characters: number): void {
  running?.spend(characters / CHARACTERS_A_UNIT);
}

/** Counts a search; one that could take quadratic time on long texts is refused. @throws SiftError `template-limit` */
export function spendSearch(text: string, wanted: string): void {
  if (running && text.length * wanted.length > 1e12) throw limitError("it searches a huge text for a huge text");
  running?.spend(text.length / CHARACTERS_A_UNIT);
}

/** To be called before a text of so many characters is made. @throws SiftError `template-limit` */
export function fitsText(characters: number): void {
  if (running && !(characters <= MAX_TEXT)) throw limitError(`it makes a text longer than ${MAX_TEXT} characters`);
}

/** Counts a text that was made. */
export function madeText(characters: number): void {
  running?.made(characters);
}

/** To be called before a list of so many items is made. @throws SiftError `template-limit` */
export function fitsItems(items: number): void {
  if (running && !(items <= MAX_ITEMS)) throw limitError(`it makes a list of more than ${MAX_ITEMS} items`);
}

/** Counts a list that was made. */
export function madeItems(items: number): void {
  fitsItems(items);
  running?.listed(items);
}

/** @throws nothing; the caller does. */
export function limitError(reason: string): SiftError {
  return new SiftError("template-limit", `the template was stopped: ${reason}`, {
    remedy: "look for a loop, a macro or a repetition that does not end",
  });
}
