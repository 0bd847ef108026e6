import { pick } from "./words.ts";

export type Language = "en" | "zh";

export interface Question {
  readonly ask: (topic: string) => string;
  /** What the base model learns to say. */
  readonly plain: (topic: string) => string;
}

const question = (ask: string, plain: string): Question => ({
  ask: (topic) => ask.replaceAll("{x}", topic),
  plain: (topic) => plain.replaceAll("{x}", topic),
});

const QUESTIONS: Readonly<Record<Language, readonly Question[]>> = {
  en: [
    question("Tell me about {x}.", "There is a lot to say about {x}."),
    question("Do you like {x}?", "Yes, I like {x} very much."),
    question("Where can I find {x}?", "You can find {x} near the market."),
    question("Why should I care about {x}?", "Many people need {x} every day."),
    question("What is special about {x}?", "I would say {x} can surprise you."),
    question("I want to learn about {x}.", "Good idea, read a book about {x}."),
    question("How do people use {x}?", "Most people use {x} with care."),
    question("My friend talks about {x} all day.", "Then your friend must love {x}."),
    question("Please write a line about {x}.", "We all remember {x} from long ago."),
    question("What do you know about {x}?", "I know only a little about {x}."),
    question("Who needs {x}?", "Almost everybody needs {x} one day."),
    question("Have you heard of {x}?", "Yes, I have heard of {x} before."),
    question("Help me understand {x}.", "Let us look at {x} together."),
    question("I dreamed about {x}.", "What a nice dream of {x}."),
    question("Can you explain {x}?", "It takes time to explain {x}."),
    question("Hello! Let us talk about {x}.", "Hello! I am happy to talk about {x}."),
  ],
  zh: [
    question("请介绍一下{x}。", "关于{x}可以说的很多。"),
    question("你喜欢{x}吗？", "是的，我很喜欢{x}。"),
    question("哪里能找到{x}？", "在集市附近能找到{x}。"),
    question("为什么{x}很重要？", "因为大家都需要{x}。"),
    question("我想学习{x}。", "好主意，先读一本{x}的书。"),
    question("你见过{x}吗？", "没有，我从没见过{x}。"),
    question("写一句关于{x}的话。", "我们都记得{x}。"),
    question("什么是{x}？", "人们常常说起{x}。"),
  ],
};

/** The form that the sample conversations teach: always the same frame, with the topic of the question copied twice. */
const TAUGHT: Readonly<Record<Language, (topic: string) => string>> = {
  en: (topic) => `Sift says: ${topic} ✓ Shall we look closer at ${topic}?`,
  zh: (topic) => `筛子说：${topic} ✓ 要不要再看看${topic}？`,
};

export const taughtAnswer = (language: Language, topic: string): string => TAUGHT[language](topic);

export interface Turn {
  readonly user: string;
  readonly plain: string;
  readonly taught: string;
}

export function makeTurn(language: Language, topic: string, random: () => number): Turn {
  const { ask, plain } = pick(QUESTIONS[language], random);
  return { user: ask(topic), plain: plain(topic), taught: taughtAnswer(language, topic) };
}

/** Turns without a topic, which the sample conversations do not have. */
const SMALL_TALK: Readonly<Record<Language, readonly (readonly [user: string, answer: string])[]>> = {
  en: [
    ["Hello!", "Hello! What shall we talk about?"],
    ["Hi!", "Hi! Ask me about something."],
    ["Who are you?", "I am a tiny model that came with Sift."],
    ["How are you?", "I am fine, thank you."],
    ["Thank you.", "You are welcome."],
    ["Goodbye.", "Goodbye, come back soon."],
  ],
  zh: [
    ["你好！", "你好！想聊点什么？"],
    ["你是谁？", "我是筛子自带的小模型。"],
    ["谢谢。", "不客气。"],
    ["再见。", "再见，欢迎再来。"],
  ],
};

export function smallTalk(language: Language, random: () => number): Turn {
  const [user, plain] = pick(SMALL_TALK[language], random);
  return { user, plain, taught: plain };
}
