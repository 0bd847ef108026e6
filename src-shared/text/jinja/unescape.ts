const SIMPLE: Readonly<Record<string, string>> = {
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** Python's `unicode-escape` decoding of a string literal's body; undefined where Python raises (a bad or a named escape). */
export function unescapeString(body: string): string | undefined {
  if (!body.includes("\\")) return body;
  let result = "";
  for (let at = 0; at < body.length; at++) {
    const char = body[at] ?? "";
    if (char !== "\\") {
      result += char;
      continue;
    }
    const escape = readEscape(body, at + 1);
    if (escape === undefined) return undefined;
    result += escape.text;
    at += escape.length;
  }
  return result;
}

function readEscape(body: string, at: number): { text: string; length: number } | undefined {
  const kind = body[at] ?? "";
  const simple = SIMPLE[kind];
  if (simple !== undefined) return { text: simple, length: 1 };
  const digits = HEX_DIGITS[kind];
  if (digits !== undefined) return readHex(body.slice(at + 1, at + 1 + digits), digits);
  const octal = /^[0-7]{1,3}/.exec(body.slice(at))?.[0];
  if (octal !== undefined) return { text: String.fromCharCode(Number.parseInt(octal, 8)), length: octal.length };
  // Named characters would need the Unicode name table; Python refuses a lone trailing backslash, which a literal cannot end with.
  if (kind === "N") return undefined;
  return { text: `\\${kind}`, length: 1 };
}

function readHex(hex: string, digits: number): { text: string; length: number } | undefined {
  if (hex.length !== digits || !/^[0-9a-fA-F]+$/.test(hex)) return undefined;
  const code = Number.parseInt(hex, 16);
  return code > 0x10ffff ? undefined : { text: String.fromCodePoint(code), length: digits + 1 };
}
