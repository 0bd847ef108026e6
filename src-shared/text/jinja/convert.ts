import { type Author, Str, TEMPLATE } from "./authored.ts";
import { keysInOrder, NumberText } from "../json.ts";
import { PyDict, PyFloat, PyList, type Value } from "./values.ts";

/** A JSON value as a template sees it, written by `author` wherever it holds text. @throws TypeError of what JSON does not have */
export function toValue(json: unknown, author: Author = TEMPLATE): Value {
  if (json === null || json === undefined) return null;
  if (typeof json === "string") return Str.by(json, author);
  if (typeof json === "boolean" || typeof json === "bigint") return json;
  if (typeof json === "number") return Number.isSafeInteger(json) ? json : new PyFloat(json);
  if (json instanceof NumberText) return BigInt(json.text);
  if (json instanceof Number) return new PyFloat(json.valueOf());
  if (Array.isArray(json))
    return new PyList(
      json.map((item) => toValue(item, author)),
      author,
    );
  if (typeof json !== "object") throw new TypeError(`a ${typeof json} cannot be given to a template`);
  return dictFrom(json as Readonly<Record<string, unknown>>, author);
}

function dictFrom(json: Readonly<Record<string, unknown>>, author: Author): PyDict {
  const entries = keysInOrder(json)
    .filter((key) => json[key] !== undefined)
    .map((key) => [Str.by(key, author), toValue(json[key], author)] as const);
  return new PyDict(entries, author);
}
