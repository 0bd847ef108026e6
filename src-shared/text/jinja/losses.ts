import { type Author, Str, TEMPLATE } from "./authored.ts";

/**
 * Text that is made anew from an author's text (upper case, say) is the template's: which character came from which is not known.
 * So that nobody has to guess why, the template's characters then get an author that remembers what was lost, and where.
 */
export interface LossMarks {
  /** The author of a text that `operation`, at an offset of the source, made from an author's. */
  readonly lose: (author: Author, operation: string, at: number) => Author;
  /** The author of the template's own text that stands in place of what was lost; text that a message wrote stays its own. */
  readonly replace: (own: Author, lost: Author) => Author;
}

/** Of the render that runs, as for its budget (limits.ts): who is asked, and the offset of the operation in the source. */
let marks: LossMarks | undefined;
let place = 0;

/** Runs a render whose losses are told to `onLoss`. */
export function rememberingLosses<Result>(own: LossMarks | undefined, run: () => Result): Result {
  const outer = marks;
  marks = own;
  try {
    return run();
  } finally {
    marks = outer;
  }
}

/** To be called before an operation of the template at `at`, once its operands are evaluated. */
export function operationAt(at: number): void {
  place = at;
}

/** The result of an operation that keeps no authors: the template's, with the memory of what it was made from. */
export function madeFrom(source: Str, text: string, operation: string): Str {
  return Str.by(text, lostAuthor(mainAuthor(source), operation));
}

/** What a template puts in place of an author's text, such as the new text of `replace`; text that somebody wrote stays theirs. */
export function inPlaceOf(author: Author, replacement: Str, operation: string): Str {
  const lost = lostAuthor(author, operation);
  const replace = marks?.replace;
  if (lost === TEMPLATE || replacement.text === "" || !replace) return replacement;
  return replacement.mapAuthors((own) => replace(own, lost));
}

function lostAuthor(author: Author, operation: string): Author {
  return author === TEMPLATE || !marks ? TEMPLATE : marks.lose(author, operation, place);
}

/** Whoever wrote most of a text besides the template. */
function mainAuthor({ runs = [] }: Str): Author {
  let main: Author = TEMPLATE;
  let most = -1;
  for (let i = 0, start = 0; i < runs.length; i += 2) {
    const end = runs[i] ?? 0;
    const author = runs[i + 1] ?? TEMPLATE;
    if (author !== TEMPLATE && end - start > most) [main, most] = [author, end - start];
    start = end;
  }
  return main;
}
