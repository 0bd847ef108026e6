import type { Catalogue } from "../en.ts";

export const training: Catalogue["training"] = {
  schedule: {
    title: "整个运行中的学习率",
    summary: ({ type, highest, last, warmup }) =>
      `${type}：最高 ${highest}，最后 ${last}${warmup === null ? "" : `；预热 ${warmup} 步`}。`,
  },
};
