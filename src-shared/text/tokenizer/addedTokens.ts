import { skipSpaces, skipSpacesBack } from "./spaces.ts";

/** A token that is found in the text before anything else happens to it. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly normalized: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly singleWord: boolean;
}

/** A stretch of text: an added token, or what stands between. Code units, end excluded. */
export interface Section {
  readonly start: number;
  readonly end: number;
  readonly token: AddedToken | undefined;
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
const WORD = /[\p{L}\p{N}_]/u;

/** Finds added tokens: leftmost, the longest among those that begin there. */
export class AddedTokenSplitter {
  private readonly pattern: RegExp | undefined;
  private readonly tokens: ReadonlyMap<string, AddedToken>;

  constructor(tokens: ReadonlyMap<string, AddedToken>) {
    this.tokens = tokens;
    const contents = [...tokens.keys()].filter((content) => content !== "").sort((a, b) => b.length - a.length);
    this.pattern = contents.length > 0 ? new RegExp(contents.map(escapeRegExp).join("|"), "g") : undefined;
  }

  /** @param isText whether a token that stands at an offset is only text there, and no token */
  split(text: string, isText?: (token: AddedToken, start: number) => boolean): Section[] {
    const sections: Section[] = [];
    let at = 0;
    const until = (end: number): void => {
      if (end > at) sections.push({ start: at, end, token: undefined });
      at = Math.max(at, end);
    };
    for (const match of this.pattern ? text.matchAll(this.pattern) : []) {
      const token = this.tokens.get(match[0]);
      if (!token || match.index < at || (token.singleWord && !standsAlone(text, match.index, match[0].length)))
        continue;
      if (isText?.(token, match.index) === true) continue;
      const start = token.lstrip ? Math.max(at, skipSpacesBack(text, match.index)) : match.index;
      const matchEnd = match.index + match[0].length;
      const end = token.rstrip ? skipSpaces(text, matchEnd) : matchEnd;
      until(start);
      sections.push({ start, end, token });
      at = end;
    }
    until(text.length);
    return sections;
  }
}

function standsAlone(text: string, start: number, length: number): boolean {
  const before = text.slice(Math.max(0, start - 2), start);
  const after = text.slice(start + length, start + length + 2);
  return !WORD.test(Array.from(before).at(-1) ?? " ") && !WORD.test(Array.from(after)[0] ?? " ");
}
