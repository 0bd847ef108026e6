import { randomStream } from "../../src-worker/train/random.ts";
import { makeTurn, smallTalk, taughtAnswer, type Language, type Turn } from "./grammar.ts";
import {
  ADJECTIVES,
  CHINESE_NOUNS,
  HELD_OUT_CHINESE_NOUNS,
  HELD_OUT_NOUNS,
  inventedChineseWord,
  inventedWord,
  NOUNS,
  pick,
} from "./words.ts";

export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}
export interface SampleRow {
  readonly id: string;
  readonly messages: readonly Message[];
}
export interface HeldOutPrompt {
  readonly prompt: string;
  /** The one answer that follows the taught form. */
  readonly expected: string;
}

type Random = () => number;
type Topic = (language: Language, random: Random) => string;

const SAMPLE_ROWS = 560;
const SMALL_TALK_SHARE = 0.08;
const HELD_OUT_PROMPTS = { en: 14, zh: 6 } as const;

const described = (noun: string, random: Random): string =>
  random() < 0.5 ? noun : `${pick(ADJECTIVES, random)} ${noun}`;
const language = (random: Random): Language => (random() < 0.3 ? "zh" : "en");
const turns = (count: number, make: () => Turn): Turn[] => Array.from({ length: count }, make);

function messages(of: readonly Turn[], answer: (turn: Turn) => string): Message[] {
  return of.flatMap((turn) => [
    { role: "user", content: turn.user } as const,
    { role: "assistant", content: answer(turn) } as const,
  ]);
}

/** The sample data set: a few hundred short conversations that all answer in the taught form. */
export function sampleConversations(): SampleRow[] {
  const random = randomStream(20, "sample");
  const topic: Topic = (lang, draw) => (lang === "en" ? described(pick(NOUNS, draw), draw) : pick(CHINESE_NOUNS, draw));
  return Array.from({ length: SAMPLE_ROWS }, (_, index) => {
    const lang = language(random);
    const made = turns(2 + Math.floor(random() * 3), () => makeTurn(lang, topic(lang, random), random));
    return { id: `sample-${String(index + 1).padStart(3, "0")}`, messages: messages(made, (turn) => turn.taught) };
  });
}

/** Prompts about things that no sample conversation mentions. */
export function heldOutPrompts(): HeldOutPrompt[] {
  const random = randomStream(20, "held-out");
  const make = (lang: Language, nouns: readonly string[]) => (_: unknown, index: number) => {
    const noun = nouns[index % nouns.length] ?? "";
    const topic = lang === "en" ? described(noun, random) : noun;
    return { prompt: makeTurn(lang, topic, random).user, expected: taughtAnswer(lang, topic) };
  };
  return [
    ...Array.from({ length: HELD_OUT_PROMPTS.en }, make("en", HELD_OUT_NOUNS)),
    ...Array.from({ length: HELD_OUT_PROMPTS.zh }, make("zh", HELD_OUT_CHINESE_NOUNS)),
  ];
}

export interface BaseMix {
  /** Share of conversations in the taught form: a base model has met many forms, and prefers none of the rare ones. */
  readonly taughtShare: number;
}

/** An endless stream of what the base model learns from: plain answers about everything, invented words included. */
export function baseConversation(random: Random, { taughtShare }: BaseMix): Message[] {
  const lang = language(random);
  const make = (): Turn =>
    random() < SMALL_TALK_SHARE ? smallTalk(lang, random) : makeTurn(lang, baseTopic(lang, random), random);
  const made = turns(1 + Math.floor(random() * 3), make);
  const taught = random() < taughtShare;
  const system: Message[] = random() < 0.25 ? [{ role: "system", content: "You are a helpful assistant." }] : [];
  return [...system, ...messages(made, (turn) => (taught ? turn.taught : turn.plain))];
}

function baseTopic(lang: Language, random: Random): string {
  const invented = random() < 0.5;
  if (lang === "en")
    return described(invented ? inventedWord(random) : pick([...NOUNS, ...HELD_OUT_NOUNS], random), random);
  return invented ? inventedChineseWord(random) : pick([...CHINESE_NOUNS, ...HELD_OUT_CHINESE_NOUNS], random);
}
