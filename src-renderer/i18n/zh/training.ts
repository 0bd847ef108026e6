import type { Catalogue } from "../en.ts";

export const training: Catalogue["training"] = {
  schedule: {
    title: "整个运行中的学习率",
    summary: ({ type, highest, last, warmup }) =>
      `${type}：最高 ${highest}，最后 ${last}${warmup === null ? "" : `；预热 ${warmup} 步`}。`,
  },
  setup: {
    title: "检查这套设置",
    check: "检查",
    checking: "正在检查…",
    text: "取你的八行数据，用运行可能采用的每种排法通过你的模型：逐行、分批、按长度排序、打包。损失和梯度必须相同。不会训练任何东西。",
    verdicts: { same: "各种排法都相同", rounding: "除舍入外相同", different: "不相同" },
    rows: (rows, tokens, supervised) => `${rows} 行，${tokens} 个词元，其中 ${supervised} 个参与训练。`,
    largest: (loss, gradient, limit) => `最大相对差：损失 ${loss}，梯度 ${gradient}（上限 ${limit}）。`,
    meaning: {
      rounding: "这些梯度的各项几乎相互抵消，因此损失了一些位数；各行之间互不可见。",
      different: "不应如此：结果会取决于各行如何分批。请附上下面的细节报告此问题。",
    },
    details: (ways) => `${ways} 种排法的细节`,
    way: "一步的排法",
    loss: "损失",
    lossDifference: "Δ 损失",
    gradientDifference: "Δ 梯度",
    split: (batches, rows, sorted) => `${batches} 批，每批 ${rows} 行${sorted ? "，按长度排序" : ""}`,
    packed: (blocks, rows) => `打包成 ${blocks} 块，每块最多 ${rows} 行`,
  },
  saveNow: "立即保存",
  savingNow: "当前一步做完后会保存一个检查点",
  extend: {
    action: "延长…",
    title: (name) => `延长 ${name}`,
    text: "同一个运行从最后一个检查点接着训练；数据、顺序和设置保持不变。",
    epochs: "总轮数",
    steps: "总步数",
    now: (value) => `原计划为 ${value}。`,
    longer: (value) => `请填写大于 ${value} 的数。`,
    schedule: (type, rate, old, total) =>
      `${type} 日程铺到 ${total} 步上：下一步的学习率是 ${rate}；在原来的日程上是 ${old}。`,
    confirm: "延长",
  },
  samples: {
    tab: "样例",
    none: "还没有回答",
    later: "每次评估之后都会回答这些提示。",
    howTo: "在运行的设置中填写 sample_prompts，每次评估之后这里会显示模型的回答。",
    step: (step) => `第 ${step} 步`,
    empty: "它立即结束了，什么也没写。",
    noText: "词元无法还原成文本。",
    cut: (tokens) => ` … 在 ${tokens} 个词元后截断`,
  },
  samplePrompts: "每行一条消息。",
  paused: {
    badge: "等待中",
    title: "运行正在等待磁盘空间",
    text: (path, needed, free) =>
      `${path} 所在的磁盘已满${needed === null ? "" : `；需要 ${needed}`}${free === null ? "" : `，可用 ${free}`}。有了空间它会自动继续，不会丢失任何内容。`,
    retry: "现在重试",
  },
  skipped: {
    title: (steps) => `跳过了 ${steps} 步`,
    text: "损失或梯度不是有限的数。这一步没有改变任何东西；连续三步如此，运行就会结束。",
    step: (step, what, rows) => `第 ${step} 步：${what === "loss" ? "损失" : "梯度"}；行 ${rows}。`,
    more: (steps) => `还有 ${steps} 步`,
  },
  blank: "没有权重：训练会按 config.json 和种子抽取新的权重（from_scratch）。",
  bestCheckpoint: "最佳评估",
};
