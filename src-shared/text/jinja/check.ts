import { SiftError } from "#shared/errors.ts";
import { UNSUPPORTED_FUNCTIONS } from "./globals.ts";
import { JINJA_NAMES } from "./names.ts";
import { parseTemplate } from "./parser.ts";
import { TemplateSource } from "./source.ts";

/**
 * What is wrong with a template before it is rendered: where it does not parse, else each filter, test and function that the
 * evaluator does not have (a render only stumbles over them when it comes there). Errors carry line and column.
 */
export function checkTemplate(text: string): SiftError[] {
  const source = new TemplateSource(text);
  try {
    const { body } = parseTemplate(source);
    return [...uses(body)].flatMap((use) => {
      const what = missing(use);
      return what === undefined ? [] : [source.unsupported(what, use.at)];
    });
  } catch (error) {
    if (error instanceof SiftError) return [error];
    throw error;
  }
}

interface Use {
  readonly kind: "filter" | "test" | "function";
  readonly name: string;
  readonly at: number;
}

function missing({ kind, name }: Use): string | undefined {
  if (kind === "function") return UNSUPPORTED_FUNCTIONS.includes(name) ? `the function ${name}()` : undefined;
  const known = kind === "filter" ? JINJA_NAMES.filters : JINJA_NAMES.tests;
  return known.includes(name) ? undefined : `the ${kind} '${name}'`;
}

/** Filters, tests and called names anywhere in a syntax tree. */
function* uses(node: unknown): Generator<Use> {
  if (Array.isArray(node)) for (const item of node) yield* uses(item);
  if (typeof node !== "object" || node === null || Array.isArray(node)) return;
  const { type, name, at, args, callee } = node as Readonly<Record<string, unknown>>;
  if (typeof name === "string" && typeof at === "number" && args !== undefined) {
    // A filter of a block ({% filter … %}, {% set … | … %}) has no type of its own.
    yield { kind: type === "test" ? "test" : "filter", name, at };
  }
  if (type === "call") yield* called(callee);
  for (const value of Object.values(node)) yield* uses(value);
}

function* called(callee: unknown): Generator<Use> {
  if (typeof callee !== "object" || callee === null) return;
  const { type, name, at } = callee as Readonly<Record<string, unknown>>;
  if (type === "name" && typeof name === "string" && typeof at === "number") yield { kind: "function", name, at };
}
