import type { Catalogue } from "../en.ts";

export const editor: Catalogue["editor"] = {
  notLive: {
    title: "未在本页面内编码",
    worker: "页面内的编码器无法启动，因此每次修改后由核心编码。重新加载页面可再试一次。",
    size: "分词器文件过大，无法放入页面，因此每次修改后由核心编码。",
  },
};
