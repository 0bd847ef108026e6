import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SiftError } from "#shared/errors.ts";
import {
  ChatTemplate,
  CHATML_HUMAN_FORM,
  type Conversation,
  createEncoder,
  type EncodedRow,
  type EncoderOptions,
  IGNORE,
  type Message,
  type ParsedRow,
  PRESET_NAMES,
  presetOf,
  type RowEncoder,
  type TemplateChoice,
  Tokenizer,
} from "#shared/text/index.ts";
import { renderConversation } from "#shared/text/render.ts";
import { repositoryRoot, sharedPath } from "../../shared.ts";

/** Small deterministic generator (mulberry32). */
function generator(seed: number): { below: (n: number) => number; pick: <Item>(items: readonly Item[]) => Item } {
  let state = seed;
  const below = (n: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * n);
  };
  return { below, pick: (items) => items[below(items.length)] as (typeof items)[number] };
}
type Random = ReturnType<typeof generator>;

const PIECES = ["", " ", "\n", "\n\n", "a", "Bc d", "你好，", "世界", "😀", "e\u0301", "<think>\nwhy\n</think>\n\n", "</think>", "\t", "  z  ", "\u3000",
  "<|im_end|>", "<|im_start|>", "{{ x }}", '"q"', "\\", "1,234.50", "###", "[INST]", "def f(x):\n    return x\n", "\u200b", "\u00a0"] as const; // prettier-ignore

const someText = (r: Random): string => Array.from({ length: r.below(6) }, () => r.pick(PIECES)).join("");

function someMessage(r: Random, role: string): Message {
  const content = someText(r);
  const start = r.below(content.length + 1);
  const end = start + r.below(content.length - start + 1);
  return {
    role,
    content,
    ...(r.below(5) === 0 ? { weight: r.pick([0, 0.5, 2]) } : {}),
    ...(r.below(4) === 0 && end > start ? { spans: [{ start, end, weight: r.pick([0, 0.25, 2]) }] } : {}),
    ...(role === "assistant" && r.below(4) === 0 ? { reasoning: someText(r) } : {}),
  };
}

/** Alternating turns, sometimes with a system turn, always with an answer at the end. */
function someConversation(r: Random): Conversation {
  const pairs = Array.from({ length: 1 + r.below(3) }, () => [someMessage(r, "user"), someMessage(r, "assistant")]);
  const system = r.below(3) === 0 ? [someMessage(r, "system")] : [];
  return { messages: [...system, ...pairs.flat()] };
}

const kindsFolder = join(repositoryRoot, "test", "oracles", "templates");
const { kinds } = JSON.parse(readFileSync(join(kindsFolder, "kinds.json"), "utf8")) as {
  readonly kinds: Readonly<Record<string, string>>;
};
const untagged = (source: string): string => source.replaceAll(/\{% (end)?generation %\}\n?/g, "");
const shared = sharedPath("templates");
const subjects: readonly (readonly [string, TemplateChoice])[] = [
  ...PRESET_NAMES.map((name) => [`preset ${name}`, { kind: "preset", name }] as const),
  ["a form", { kind: "form", form: { ...CHATML_HUMAN_FORM, first_turn: "keep" } }],
  ...Object.entries(kinds).map(
    ([name, source]) => [`kind ${name}`, { kind: "jinja", source: untagged(source) }] as const,
  ),
  ...(shared === undefined ? [] : readdirSync(shared)).map((file) => {
    return [`shared ${file}`, { kind: "jinja", source: readFileSync(join(shared ?? "", file), "utf8") }] as const;
  }),
];

/** Qwen's vocabulary with every mark of the presets as a token. */
function wideTokenizer(): Tokenizer {
  const folder = join(repositoryRoot, "node_modules", "@lenml", "tokenizer-qwen2_5", "models");
  const read = (name: string): Record<string, unknown> =>
    JSON.parse(readFileSync(join(folder, name), "utf8")) as Record<string, unknown>;
  const file = read("tokenizer.json");
  const known = file["added_tokens"] as readonly { readonly content: string; readonly id: number }[];
  const needs = PRESET_NAMES.flatMap((name) => presetOf(name).needs).filter((text) => !/_token$|^\n$/.test(text));
  const fresh = new Set(["<s>", "</s>", ...needs].filter((text) => !known.some(({ content }) => content === text)));
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const added = [...fresh].map((content, i) => ({ id: 152_000 + i, content, ...flags }));
  const config = { ...read("tokenizer_config.json"), bos_token: "<s>", eos_token: "</s>" };
  return new Tokenizer({ ...file, added_tokens: [...known, ...added] }, config);
}
const tokenizer = wideTokenizer();
const now = (): number => 1_772_719_629_000;
const encoderOf = (template: TemplateChoice, options: Partial<EncoderOptions> = {}): RowEncoder =>
  createEncoder({ tokenizer, template, now, ...options });

const SEEDS = 24;
/** Rows that a template accepts, encoded; a template may refuse some. */
function eachRow(
  encoder: RowEncoder,
  check: (row: ParsedRow, encoded: EncodedRow, conversation: Conversation) => void,
): number {
  let accepted = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    const conversation = someConversation(generator(seed));
    const row: ParsedRow = { kind: "conversation", conversation };
    let encoded: EncodedRow;
    try {
      ({ encoded } = encoder.encode(row, seed));
    } catch (error) {
      if (error instanceof SiftError) continue;
      throw error;
    }
    accepted++;
    check(row, encoded, conversation);
  }
  return accepted;
}

const scored = ({ labels }: EncodedRow): boolean[] => Array.from(labels, (label) => label !== IGNORE);

describe.each(subjects)("%s", (_, template) => {
  const encoder = encoderOf(template, { mask: "assistant" });

  it("writes the same text whether or not anybody asks who wrote it", () => {
    const parsed = new ChatTemplate(encoder.templateSource);
    const context = { template: parsed, specialTokens: tokenizer.files.specialTokens, now };
    for (let seed = 0; seed < SEEDS; seed++) {
      const conversation = someConversation(generator(seed));
      const attempt = (options: { tracking?: boolean; origins?: boolean }): string => {
        try {
          return renderConversation(conversation, context, options).text.text;
        } catch (error) {
          return error instanceof SiftError ? error.message : "crash";
        }
      };
      const plain = attempt({ tracking: false });
      expect(attempt({}), `seed ${seed}`).toBe(plain);
      expect(attempt({ origins: true }), `seed ${seed}`).toBe(plain);
    }
  });

  it("trains nothing outside of answers, and no token as another one", () => {
    const accepted = eachRow(encoder, (row, encoded, { messages }) => {
      const { labels, weights, ids, starts, ends } = encoded;
      const origins = encoder.origins(row, encoded);
      const system = messages.length - encoder.encode(row, 0).facts.roles.length;
      const roleAt = (message: number): string | undefined => messages[message + system]?.role;
      labels.forEach((label, i) => {
        expect(weights[i] !== 0, "a label has a weight").toBe(label !== IGNORE);
        if (label === IGNORE) return;
        expect(label).toBe(ids[i]);
        const here = origins.filter(({ start, end }) => start < (ends[i] ?? 0) && end > (starts[i] ?? 0));
        const others = here.filter(
          ({ message, field }) => message >= 0 && field !== "role" && roleAt(message) !== "assistant",
        );
        const own = here.some(({ message }) => message >= 0 && roleAt(message) === "assistant");
        expect(others.length === 0 || own, `token ${i} of ${JSON.stringify(encoded.text)}`).toBe(true);
      });
    });
    expect(accepted).toBeGreaterThan(0);
  });

  it("has tokens in order that decode to its text", () => {
    eachRow(encoder, (row, encoded) => {
      const { ids, starts, ends, text } = encoded;
      let at = 0;
      for (let i = 0; i < ids.length; i++) {
        expect((starts[i] ?? -1) <= (ends[i] ?? -1) && (starts[i] ?? -1) >= at - 2).toBe(true);
        at = Math.max(at, ends[i] ?? 0);
      }
      expect(at).toBe(text.length);
      // Qwen's tokenizer composes (NFC) before it cuts
      if (!encoder.encode(row, 0).facts.lossy) expect(tokenizer.decode(ids)).toBe(text);
      else expect(tokenizer.decode(ids).normalize("NFC")).toBe(text.normalize("NFC"));
    });
  });

  it("trains less where a policy says less, with the same ids", () => {
    const [last, all] = [encoderOf(template, { mask: "last_assistant" }), encoderOf(template, { mask: "all" })];
    eachRow(encoder, (row, encoded) => {
      const [less, more] = [last.encode(row, 0).encoded, all.encode(row, 0).encoded];
      expect(less.ids).toEqual(encoded.ids);
      expect(more.ids).toEqual(encoded.ids);
      const [some, few, every] = [scored(encoded), scored(less), scored(more)];
      expect(few.every((on, i) => !on || some[i])).toBe(true);
      expect(every.filter(Boolean).length).toBeGreaterThanOrEqual(some.filter(Boolean).length);
    });
  });

  it("gives the same labels to a row that was tokenised before", () => {
    const last = encoderOf(template, { mask: "last_assistant" });
    eachRow(encoder, (row) => {
      expect(last.relabel(encoder.tokenize(row, 0), 0).rows).toEqual(last.encodeAll(row, 0).rows);
    });
  });
});
