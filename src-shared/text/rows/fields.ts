import { SiftError } from "#shared/errors.ts";
import { parseJson } from "../json.ts";
import type { Message, ToolCall, WeightSpan } from "../types.ts";

/** An object of a row, not looked at yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** An object, and not a list, null or a boxed number. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Number);
}

/** An error of a row; whoever knows the row adds its number. */
export function rowError(code: string, message: string, remedy: string): SiftError {
  return new SiftError(code, message, { remedy });
}

/** What a value is, in words, for messages. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Number || typeof value === "number") return "a number";
  if (typeof value === "string") return "text";
  return typeof value === "boolean" ? "true or false" : "an object";
}

/** Roles of the shapes' own vocabularies; anything else is kept as written. */
const ROLE_ALIASES: ReadonlyMap<string, string> = new Map([
  ["human", "user"],
  ["gpt", "assistant"],
  ["chatgpt", "assistant"],
  ["bot", "assistant"],
  ["model", "assistant"],
  ["observation", "tool"],
  ["function_response", "tool"],
]);

/** A role under the name that templates know: the user's own aliases first, then the shapes'. */
export function resolveRole(role: string, aliases: ReadonlyMap<string, string> | undefined): string {
  return aliases?.get(role) ?? ROLE_ALIASES.get(role) ?? role;
}

/** Tools of a row: a list, or its JSON text; undefined where there are none. @throws SiftError `row-tools` */
export function parseTools(value: unknown): readonly unknown[] | undefined {
  const tools = typeof value === "string" && value.trim() !== "" ? parseNested(value, "tools") : value;
  if (tools === undefined || tools === null || tools === "") return undefined;
  const list = Array.isArray(tools) ? (tools as unknown[]) : [tools];
  if (!list.every(isObject)) {
    throw rowError(
      "row-tools",
      `tools must be a list of objects or its JSON text, got ${describe(value)}`,
      "correct the row's tools",
    );
  }
  return list.length > 0 ? list : undefined;
}

function parseNested(text: string, what: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    const reason = error instanceof SiftError ? error.message : String(error);
    throw rowError("row-nested-json", `${what} is ${reason}`, `correct the JSON text in ${what}`);
  }
}

/** A ShareGPT `function_call`: JSON text of one call or of a list of calls. */
export function parseFunctionCalls(text: string): readonly ToolCall[] {
  const parsed = parseNested(text, "function_call");
  const calls = Array.isArray(parsed) ? (parsed as unknown[]) : [parsed];
  return calls.map((call) => toolCall({ function: call }, "function_call"));
}

/** OpenAI `tool_calls`; arguments may be JSON text. @throws SiftError `row-tool-calls` */
export function parseToolCalls(value: unknown): readonly ToolCall[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value))
    throw rowError("row-tool-calls", `tool_calls must be a list, got ${describe(value)}`, "correct the row");
  return value.length === 0 ? undefined : value.map((call: unknown) => toolCall(call, "tool_calls"));
}

function toolCall(value: unknown, what: string): ToolCall {
  const outer = isObject(value) ? value : {};
  const inner = isObject(outer["function"]) ? outer["function"] : outer;
  const { name } = inner;
  if (typeof name !== "string") {
    throw rowError(
      "row-tool-calls",
      `a call in ${what} has no function name`,
      'a call is {"name": …, "arguments": {…}}',
    );
  }
  const given = inner["arguments"] ?? inner["parameters"] ?? {};
  const { id } = outer;
  return {
    type: "function",
    ...(typeof id === "string" ? { id } : {}),
    function: { name, arguments: parseArguments(given) },
  };
}

/** Text that holds an object becomes that object, as templates expect; other text stays. */
function parseArguments(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    const parsed = parseJson(value);
    return isObject(parsed) ? parsed : value;
  } catch {
    return value;
  }
}

/**
 * What a message counts, under the names that the field writes: `weight` (OpenAI, Axolotl), `loss` (ms-swift: true, false or a
 * number), `train` (Axolotl); several multiply. And its `spans`.
 */
export function parseWeights(message: JsonObject, textLength: number): Pick<Message, "weight" | "spans"> {
  const { weight, loss, train, spans } = message;
  const result: { weight?: number; spans?: readonly WeightSpan[] } = {};
  const given = [weight, loss, typeof train === "boolean" ? train : null].filter((each) => each != null);
  if (given.length > 0) result.weight = given.map(readWeight).reduce((product, each) => product * each, 1);
  if (Array.isArray(spans)) result.spans = spans.map((span: unknown) => readSpan(span, textLength));
  return result;
}

function readWeight(value: unknown): number {
  const weight = value instanceof Number || typeof value === "boolean" ? Number(value) : value;
  if (typeof weight === "number" && Number.isFinite(weight) && weight >= 0) return weight;
  throw rowError(
    "row-weight",
    `weight and loss must be a number from 0 on, or true or false, got ${describe(value)}`,
    "0 or false switches a message off, 1 or true is normal",
  );
}

function readSpan(value: unknown, textLength: number): WeightSpan {
  const span = isObject(value) ? value : {};
  const start = Number(span["start"]);
  const end = Number(span["end"]);
  const inside = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= textLength;
  if (!inside) {
    throw rowError(
      "row-span",
      `a span must lie inside its message (0 to ${textLength}) and not be empty`,
      "correct start and end",
    );
  }
  return { start, end, weight: readWeight(span["weight"] ?? 0) };
}
