import { parseJson } from "../json.ts";
import type { Conversation, Message, ParsedRow } from "../types.ts";
import { describe, isObject, type JsonObject, parseTools, rowError } from "./fields.ts";
import { type MessageOptions, parseMessage } from "./messages.ts";
import { isTokenised, parseTokens } from "./pretokenized.ts";

/** Options of reading rows. */
export type RowOptions = MessageOptions;

/** Shapes of rows that are read. */
export const ROW_SHAPES = ["pretokenized", "messages", "sharegpt", "xtuner", "alpaca", "pair", "text"] as const;
/** Name of a shape. */
export type RowShape = (typeof ROW_SHAPES)[number];

interface Shape {
  readonly name: RowShape;
  readonly matches: (row: JsonObject) => boolean;
  readonly parse: (row: JsonObject, options: RowOptions) => ParsedRow;
}

/** Prompt and answer under the names that data sets use. */
const PAIRS = [
  ["prompt", "completion"],
  ["prompt", "response"],
  ["question", "answer"],
  ["query", "response"],
] as const;

/** In the order in which a row with keys of several shapes is read. */
const SHAPES: readonly Shape[] = [
  { name: "pretokenized", matches: isTokenised, parse: (row) => ({ kind: "tokens", tokens: parseTokens(row) }) },
  {
    name: "messages",
    matches: (row) => Array.isArray(row["messages"]),
    parse: (row, options) => turns(row, "messages", options),
  },
  {
    name: "sharegpt",
    matches: (row) => Array.isArray(row["conversations"]),
    parse: (row, options) => turns(row, "conversations", options),
  },
  { name: "xtuner", matches: (row) => Array.isArray(row["conversation"]), parse: parseXtuner },
  { name: "alpaca", matches: (row) => "instruction" in row && "output" in row, parse: parseAlpaca },
  { name: "pair", matches: (row) => pairOf(row) !== undefined, parse: parsePair },
  {
    name: "text",
    matches: (row) => typeof row["text"] === "string",
    parse: (row) => ({ kind: "text", text: String(row["text"]) }),
  },
];

/** The shape that a row would be read as; undefined where none fits. */
export function detectShape(value: unknown): RowShape | undefined {
  return isObject(value) ? SHAPES.find((shape) => shape.matches(value))?.name : undefined;
}

/**
 * One raw JSON value as a conversation, a text or token ids.
 * @throws SiftError `row-shape` (with the keys seen), `row-empty`, `row-turn`, `row-role`, `row-tools`, `row-tool-calls`,
 *   `row-nested-json`, `row-weight`, `row-span` or `row-tokens`.
 */
export function parseRow(value: unknown, options: RowOptions = {}): ParsedRow {
  if (!isObject(value))
    throw rowError("row-shape", `a row must be a JSON object, got ${describe(value)}`, SHAPE_REMEDY);
  const shape = SHAPES.find((candidate) => candidate.matches(value));
  if (shape) return shape.parse(value, options);
  const keys = Object.keys(value).slice(0, 20).join(", ") || "(none)";
  throw rowError("row-shape", `no known shape: the row has the keys ${keys}`, SHAPE_REMEDY);
}

const SHAPE_REMEDY =
  "a row needs messages, conversations, instruction and output, prompt and completion, text, or input_ids and labels";

/** Raw text of one row. @throws SiftError `row-not-json` besides what `parseRow` throws. */
export function parseRowText(text: string, options: RowOptions = {}): ParsedRow {
  return parseRow(parseJson(text), options);
}

/** Messages are numbered in 16 bits in an encoded row; the longest conversations have a few thousand. */
const MAX_TURNS = 32_767;

function conversation(row: JsonObject, messages: readonly Message[]): ParsedRow {
  if (messages.length > MAX_TURNS) {
    throw rowError(
      "row-too-many-turns",
      `the conversation has ${messages.length} turns, more than ${MAX_TURNS}`,
      "leave the row out or split it",
    );
  }
  if (messages.length === 0)
    throw rowError("row-empty", "the conversation is empty", "leave the row out or give it turns");
  const tools = parseTools(row["tools"]);
  const variables = row["chat_template_kwargs"];
  const { id, source, metadata } = row;
  const result: Conversation = {
    messages,
    ...(tools ? { tools } : {}),
    ...(isObject(variables) ? { variables } : {}),
    ...(typeof id === "string" || typeof id === "number" ? { id: String(id) } : {}),
    ...(typeof source === "string" ? { source } : {}),
    ...(isObject(metadata) ? { metadata } : {}),
  };
  return { kind: "conversation", conversation: result };
}

/** A system prompt beside the turns, as ShareGPT and Alpaca rows have it. */
function systemMessage(row: JsonObject): Message[] {
  const { system } = row;
  return typeof system === "string" && system !== "" ? [{ role: "system", content: system }] : [];
}

/** ShareGPT's and OpenAI's list of turns. */
function turns(row: JsonObject, key: string, options: RowOptions): ParsedRow {
  const list = row[key] as readonly unknown[];
  if (list.length === 0)
    throw rowError("row-empty", `the conversation is empty: ${key} has no turns`, "leave the row out or give it turns");
  const messages = list.map((turn, i) => parseMessage(turn, i, options));
  const system = messages[0]?.role === "system" ? [] : systemMessage(row);
  return conversation(row, [...system, ...messages]);
}

/** `conversation: [{system, input, output}, …]` */
function parseXtuner(row: JsonObject): ParsedRow {
  const list = row["conversation"] as readonly unknown[];
  const messages = list.flatMap((turn, i): Message[] => {
    if (!isObject(turn) || typeof turn["output"] !== "string") {
      throw rowError("row-turn", `turn ${i + 1} of conversation must have input and output`, "correct the row");
    }
    const { input, output } = turn;
    const user: Message[] = typeof input === "string" && input !== "" ? [{ role: "user", content: input }] : [];
    return [...(i === 0 ? systemMessage(turn) : []), ...user, { role: "assistant", content: output }];
  });
  return conversation(row, messages);
}

/** Alpaca: the user's turn is the instruction, then "\n" and the input where there is one, after system and history. */
function parseAlpaca(row: JsonObject): ParsedRow {
  const { input } = row;
  const instruction = textField(row, "instruction");
  const hasInput = typeof input === "string" && input !== "";
  const past = Array.isArray(row["history"]) ? row["history"].flatMap((pair: unknown, i) => historyPair(pair, i)) : [];
  return conversation(row, [
    ...systemMessage(row),
    ...past,
    { role: "user", content: hasInput ? `${instruction}\n${input}` : instruction },
    { role: "assistant", content: textField(row, "output") },
  ]);
}

function historyPair(pair: unknown, index: number): Message[] {
  const [question, answer] = Array.isArray(pair) ? (pair as readonly unknown[]) : [];
  if (typeof question !== "string" || typeof answer !== "string") {
    throw rowError("row-turn", `entry ${index + 1} of history must be a pair of texts`, "correct the row's history");
  }
  return [
    { role: "user", content: question },
    { role: "assistant", content: answer },
  ];
}

function textField(row: JsonObject, key: string): string {
  const value = row[key];
  if (typeof value === "string") return value;
  throw rowError("row-turn", `${key} must be text, got ${describe(value)}`, "correct the row");
}

function pairOf(row: JsonObject): readonly [string, string] | undefined {
  return PAIRS.find(([prompt, answer]) => prompt in row && answer in row);
}

/** Prompt and completion, each text or a list of messages. */
function parsePair(row: JsonObject, options: RowOptions): ParsedRow {
  const [promptKey, answerKey] = pairOf(row) ?? PAIRS[0];
  const side = (key: string, role: string): Message[] => {
    const value = row[key];
    if (Array.isArray(value)) return value.map((turn: unknown, i) => parseMessage(turn, i, options));
    return [{ role, content: textField(row, key) }];
  };
  const prompt = side(promptKey, "user");
  return conversation(row, [
    ...(prompt[0]?.role === "system" ? [] : systemMessage(row)),
    ...prompt,
    ...side(answerKey, "assistant"),
  ]);
}
