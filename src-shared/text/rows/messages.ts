import type { ContentPart, Message } from "../types.ts";
import {
  describe,
  isObject,
  type JsonObject,
  parseFunctionCalls,
  parseToolCalls,
  parseWeights,
  resolveRole,
  rowError,
} from "./fields.ts";

/** How roles are read. */
export interface MessageOptions {
  /** The user's own names for roles, e.g. client → user. */
  readonly roleAliases?: ReadonlyMap<string, string>;
}

/** Keys that are read here; all others go to the template under `extra`. */
const KNOWN_KEYS: ReadonlySet<string> = new Set([
  "role",
  "from",
  "content",
  "value",
  "reasoning",
  "reasoning_content",
  "thinking",
  "tool_calls",
  "tool_call_id",
  "name",
  "weight",
  "loss",
  "spans",
]);

/**
 * One turn, in OpenAI (`role`, `content`) or ShareGPT (`from`, `value`) words.
 * @throws SiftError `row-turn` or `row-role`, naming the turn
 */
export function parseMessage(raw: unknown, index: number, options: MessageOptions): Message {
  if (!isObject(raw))
    throw rowError("row-turn", `turn ${index + 1} must be an object, got ${describe(raw)}`, "correct the row");
  const written = raw["role"] ?? raw["from"];
  if (typeof written !== "string" || written === "") {
    throw rowError(
      "row-role",
      `turn ${index + 1} does not say whose it is: it has the keys ${keyList(raw)}`,
      "a turn needs role or from",
    );
  }
  const content = parseContent(
    raw["role"] === undefined || !("content" in raw) ? (raw["value"] ?? raw["content"]) : raw["content"],
    index,
  );
  if (written === "function_call") return functionCall(content, index);
  const reasoning = raw["reasoning_content"] ?? raw["thinking"] ?? raw["reasoning"];
  const toolCalls = parseToolCalls(raw["tool_calls"]);
  if (content === null && !toolCalls && typeof reasoning !== "string" && raw["content"] === undefined) {
    throw rowError(
      "row-turn",
      `turn ${index + 1} (${written}) has no text: it has the keys ${keyList(raw)}`,
      "a turn needs content or value",
    );
  }
  return {
    role: resolveRole(written, options.roleAliases),
    content,
    ...(typeof reasoning === "string" ? { reasoning } : {}),
    ...(toolCalls ? { tool_calls: toolCalls } : {}),
    ...optionalText(raw, "tool_call_id"),
    ...optionalText(raw, "name"),
    ...parseWeights(raw, typeof content === "string" ? content.length : 0),
    ...parseExtra(raw),
  };
}

const keyList = (raw: JsonObject): string => Object.keys(raw).slice(0, 20).join(", ") || "(none)";

function optionalText<Key extends "name" | "tool_call_id">(raw: JsonObject, key: Key): Partial<Record<Key, string>> {
  const value = raw[key];
  return typeof value === "string" ? ({ [key]: value } as Record<Key, string>) : {};
}

function parseContent(value: unknown, index: number): Message["content"] {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map((part: unknown) => contentPart(part, index));
  throw rowError(
    "row-turn",
    `the content of turn ${index + 1} must be text or a list of parts, got ${describe(value)}`,
    "correct the row",
  );
}

function contentPart(part: unknown, index: number): ContentPart {
  if (isObject(part) && typeof part["type"] === "string") return part as ContentPart;
  if (typeof part === "string") return { type: "text", text: part };
  throw rowError(
    "row-turn",
    `a content part of turn ${index + 1} has no type`,
    'a part is {"type": "text", "text": …}',
  );
}

/** ShareGPT's `function_call`: an assistant's turn with empty content and one tool call. */
function functionCall(content: Message["content"], index: number): Message {
  if (typeof content !== "string") {
    throw rowError("row-turn", `turn ${index + 1} (function_call) must hold the call as JSON text`, "correct the row");
  }
  return { role: "assistant", content: "", tool_calls: parseFunctionCalls(content) };
}

function parseExtra(raw: JsonObject): Pick<Message, "extra"> {
  const entries = Object.entries(raw).filter(
    ([key, value]) => !KNOWN_KEYS.has(key) && value !== null && !(key === "train" && typeof value === "boolean"),
  );
  return entries.length > 0 ? { extra: Object.fromEntries(entries) } : {};
}
