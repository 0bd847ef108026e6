import { zhCount } from "../plural.ts";
import type { Catalogue } from "../en.ts";

export const waivers: Catalogue["waivers"] = {
  waive: "放行这一类",
  again: "重新放行",
  title: (rows) => `放行 ${zhCount(rows, "条")}`,
  note: "放行后，即使有这些行，训练也会开始。理由和条数会写入运行记录。条数或设置一旦改变，放行即失效。",
  reason: "理由",
  reasonHint: "用一句话写给以后查看记录的人。",
  holds: (rows) => `已放行：${zhCount(rows, "条")}`,
  given: (reason, ago) => `“${reason}”（${ago}）`,
  isVoid: "放行已失效",
  voidCount: (then, now) => `当时针对 ${then} 条，现在是 ${now} 条。`,
  voidSettings: "当时是在其他设置下放行的。",
  remove: "撤回",
  others: "已没有对应行的放行",
  othersNote: "当时放行的问题现在已经找不到了。",
};
