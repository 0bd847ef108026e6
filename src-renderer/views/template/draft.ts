import type { SavedTemplate, TemplateChoice, TemplateInfo } from "#shared/contract/text.ts";

/** The source select: one value a template that can be chosen. */
export const sourceValue = (choice: TemplateChoice, saved: readonly SavedTemplate[]): string => {
  if (choice.kind === "own") return choice.name === undefined ? "own" : `own:${choice.name}`;
  if (choice.kind === "form") return "form";
  if (choice.kind === "preset") return `preset:${choice.name}`;
  const same = saved.find((each) => each.source === choice.source);
  return same ? `saved:${same.id}` : "edited";
};

/** What a value of the source select stands for; undefined for "edited", which is what is there already. */
export function choiceOf(
  value: string,
  presets: readonly TemplateInfo[],
  saved: readonly SavedTemplate[],
): TemplateChoice | undefined {
  if (value === "own") return { kind: "own" };
  if (value.startsWith("own:")) return { kind: "own", name: value.slice("own:".length) };
  const preset = presets.find((each) => `preset:${each.name}` === value);
  if (preset) return preset.choice;
  const kept = saved.find((each) => `saved:${each.id}` === value);
  return kept && { kind: "text", source: kept.source, name: kept.name };
}
