import { createWriteStream } from "node:fs";
import { once } from "node:events";

/** Conversations made up by rule, Chinese and English mixed, no two alike. The same number always gives the same row. */

const ENGLISH =
  "the a model trains on rows that people wrote and checks every label before it spends night after night because wrong masks cost more than slow code we measure what we ship first then compare numbers with care when data changes under us ask which answer helps someone explain how this works step by step please give an example using Python function returns list of values where each item counts once return result for key in sorted(keys) error handling network request timeout database index query plan memory layout cache line branch prediction language token vocabulary training evaluation gradient learning rate schedule".split(
    " ",
  );
const CHINESE =
  "我们 需要 一个 模型 来 回答 用户 提出 的 问题 并且 解释 为什么 这样 做 首先 准备 数据 然后 检查 每 一 行 标签 是否 正确 最后 开始 训练 如果 结果 不好 就 调整 学习率 或者 批次 大小 请 给出 例子 说明 函数 返回 列表 其中 每个 元素 只 出现 一次 今天 天气 很好 我 想 去 公园 散步 机器 学习 语言 词表 评估 梯度 下降 损失 曲线 平滑 稳定 快速 方法 比较 不同 方案 优点 缺点 时间 成本 质量 保证 用户 体验 设计 原则 简单 清楚 有用".split(
    " ",
  );
/** Common characters, for words that no list holds. */
const HAN_FIRST = 0x4e00;
const HAN_COUNT = 0x1500;

/** mulberry32: 32 bits of state are plenty for text. */
function randomOf(seed: number): () => number {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x2545f491) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Random = () => number;
const pick = (words: readonly string[], random: Random): string => words[Math.floor(random() * words.length)] ?? "";

/** A word of letters that no list holds: names and identifiers of real text. */
function rareWord(random: Random): string {
  const letters = Array.from({ length: 3 + Math.floor(random() * 7) }, () =>
    String.fromCharCode(97 + Math.floor(random() * 26)),
  );
  return letters.join("");
}

function englishSentence(random: Random): string {
  const words = Array.from({ length: 6 + Math.floor(random() * 14) }, () =>
    random() < 0.08 ? rareWord(random) : pick(ENGLISH, random),
  );
  const number = random() < 0.3 ? ` ${Math.floor(random() * 10_000)}` : "";
  const text = `${words.join(" ")}${number}${pick([".", "!", "?", ";", ":"], random)}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function chineseSentence(random: Random): string {
  const words = Array.from({ length: 8 + Math.floor(random() * 12) }, () =>
    random() < 0.1
      ? String.fromCharCode(HAN_FIRST + Math.floor(random() * HAN_COUNT), HAN_FIRST + Math.floor(random() * HAN_COUNT))
      : pick(CHINESE, random),
  );
  return `${words.join("")}${pick(["。", "！", "？", "，", "；"], random)}`;
}

/** Sentences until the text has about so many UTF-8 bytes. */
function passage(bytes: number, random: Random): string {
  const parts: string[] = [];
  let size = 0;
  let chinese = random() < 0.5;
  while (size < bytes) {
    if (random() < 0.25) chinese = !chinese;
    const sentence = chinese ? chineseSentence(random) : englishSentence(random);
    const end = random() < 0.15 ? "\n" : random() < 0.03 ? "\n\n- " : chinese ? "" : " ";
    parts.push(sentence, end);
    size += (chinese ? 3 : 1) * sentence.length + end.length;
  }
  return parts.join("").trim();
}

/** One row as it stands in a file: one or two exchanges of some `bytes` together. */
export function benchRow(index: number, bytes = 1200): string {
  const random = randomOf(index + 1);
  const turns = random() < 0.6 ? 1 : 2;
  const messages = Array.from({ length: turns }, () => [
    { role: "user", content: passage((bytes * 0.25) / turns, random) },
    { role: "assistant", content: passage((bytes * 0.65) / turns, random) },
  ]).flat();
  return JSON.stringify({ id: index, messages });
}

export interface BenchFile {
  readonly path: string;
  readonly rows: number;
  /** UTF-8 bytes of a row, about. */
  readonly rowBytes?: number;
}

/** Writes rows to a JSON Lines file. */
export async function writeBenchRows({ path, rows, rowBytes = 1200 }: BenchFile): Promise<void> {
  const out = createWriteStream(path);
  for (let i = 0; i < rows; i++) {
    if (!out.write(`${benchRow(i, rowBytes)}\n`)) await once(out, "drain");
  }
  out.end();
  await once(out, "finish");
}
