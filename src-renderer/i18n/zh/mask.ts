import type { EosChoice, ReasoningChoice } from "#shared/text/mask/options.ts";
import type { MaskRule } from "#shared/text/mask/rule.ts";
import type { RuleSentence } from "#shared/text/mask/words.ts";
import type { MaskPolicy } from "#shared/text/types.ts";
import type { Catalogue } from "../en.ts";
import { zhCount } from "../plural.ts";

const tokens = (n: number): string => zhCount(n, "个词元");

const POLICIES: Readonly<Record<MaskPolicy, string>> = {
  assistant: "训练助手写的内容",
  last_assistant: "只训练助手最后写的内容",
  all: "训练每个词元",
  structural: "训练助手的文本和每一轮的标记",
};
const ENDS: Readonly<Record<EosChoice, string>> = {
  turn: "训练每个参与训练的轮次的结束",
  last: "只训练最后一个参与训练的轮次的结束",
  all: "训练每一轮的结束，不论是谁写的",
  none: "不训练任何轮次的结束：模型学不会停止",
};
const REASONING: Readonly<Record<ReasoningChoice, string>> = {
  train: "思考内容与回答的其余部分一样训练",
  ignore: "思考内容只供读取，不训练",
  strip: "最后一个用户轮次之前的思考内容被去掉，与推理服务一致；留下的参与训练",
  last: "只训练最后一个用户轮次之后的思考内容",
};
const PARTS = { content: "正文", reasoning: "思考内容", tool_calls: "工具调用" } as const;
const ROLES: Readonly<Record<string, string>> = { system: "系统", user: "用户", assistant: "助手", tool: "工具" };
const roleName = (role: string): string => ROLES[role] ?? role;
const counted = (weight: number): string => (weight === 0 ? "不训练" : weight === 1 ? "参与训练" : `按 ${weight} 倍计`);

function matched({ pattern, flags = "", weight, role, part }: MaskRule): string {
  const who = role === undefined ? "" : `角色“${roleName(role)}”`;
  const where = part === undefined ? "" : PARTS[part];
  const scope = who === "" && where === "" ? "" : `${who}${who !== "" && where !== "" ? "的" : ""}${where}中`;
  return `${scope}匹配 /${pattern}/${flags} 的内容${counted(weight)}`;
}

function sentence(rule: RuleSentence): string {
  switch (rule.kind) {
    case "policy":
      return POLICIES[rule.policy];
    case "role":
      return `角色“${roleName(rule.role)}”${counted(rule.weight)}`;
    case "endOfTurn":
      return ENDS[rule.choice];
    case "header":
      return rule.trained ? "训练轮次的开头也参与训练" : "轮次的开头不训练";
    case "reasoning":
      return REASONING[rule.choice];
    case "toolCalls":
      return rule.trained ? "工具调用参与训练" : "工具调用不训练";
    case "toolResults":
      return rule.trained ? "工具返回的内容参与训练" : "工具返回的内容不训练";
    case "rule":
      return matched(rule.rule);
    case "weights":
      return "消息的权重和涂画的权重缩放或关闭所覆盖的内容";
  }
}

export const mask: Catalogue["mask"] = {
  more: "更多选择",
  changed: (n) => `${n} 处修改`,
  reset: "恢复掩码自带的设置",
  asMask: "由掩码决定",
  yes: "训练",
  no: "不训练",
  endOfTurn: "轮次结束",
  ends: { turn: "每个训练的轮次", last: "只有最后一个", all: "所有人的", none: "从不" },
  endNotes: {
    turn: "模型由此学会停止。",
    last: "之前的结束只供读取。",
    all: "问题的结束也训练。",
    none: "模型学不会停止。",
  },
  header: "轮次的开头",
  reasoning: "思考内容",
  reasonings: { train: "训练", ignore: "只读取，不训练", strip: "按推理服务去掉", last: "只有最后一轮" },
  reasoningNotes: {
    train: "与回答的其余部分一样。",
    ignore: "它留在文本中。",
    strip: "去掉最后一个用户轮次之前的。",
    last: "训练最后一个用户轮次之后的。",
  },
  toolCalls: "工具调用",
  toolResults: "工具返回",
  roles: "各角色的权重",
  rolesHint: "0：不训练，1：正常。",
  roleWeight: (role) => `${role}的权重`,
  rules: {
    title: "规则",
    hint: "匹配模式的内容得到该权重；多条规则匹配时，以最后一条为准。",
    add: "添加规则",
    pattern: "模式（正则表达式）",
    weight: "权重",
    ignoreCase: "不分大小写",
    role: "对象",
    anyRole: "参与训练的内容",
    part: "范围",
    anyPart: "全部",
    parts: PARTS,
    remove: (n) => `删除规则 ${n}`,
    rule: (n) => `规则 ${n}`,
    badWeight: "权重是不小于 0 的数。",
    badPattern: "这个模式无法使用：",
    nested: "重复中又有重复，可能永远匹配不完；请把 (a+)+ 写成 a+。",
  },
  list: "用文字说明",
  here: "此对话",
  everywhere: "数据集",
  notProven: "运行检验后即可看到数据集的数字。",
  tally: (all, trained) =>
    all === 0 ? "没有词元" : all === trained ? tokens(all) : `${tokens(all)}，其中训练 ${trained} 个`,
  tallyRows: (n) => `在 ${n} 行中`,
  sentence,
  writeAs: (example) => `请按此例书写：${example}`,
  byRule: (n) => `规则 ${n}`,
};
