import type { TemplateChoice, TemplateInfo } from "#shared/contract/text.ts";

const OWN = "own";
const DRAFT = "draft";

interface Words {
  readonly own: string;
  readonly draft: string;
}

/** Templates to choose from in short: the model's own, the presets, and the text or form that the Template view holds, if it holds one. */
export function templateOptions(
  presets: readonly TemplateInfo[],
  current: TemplateChoice,
  words: Words,
): { value: string; label: string }[] {
  const text = isDraft(current) ? [{ value: DRAFT, label: nameOf(current) ?? words.draft }] : [];
  const named = presets.map(({ name }) => ({ value: `preset:${name}`, label: name }));
  return [{ value: OWN, label: words.own }, ...text, ...named];
}

/** A text or a form, which only the Template view can make. */
const isDraft = ({ kind }: TemplateChoice): boolean => kind === "text" || kind === "form";
const nameOf = (choice: TemplateChoice): string | undefined =>
  choice.kind === "form" ? choice.form.name : choice.kind === "text" ? choice.name : undefined;

export function optionOf(choice: TemplateChoice): string {
  if (choice.kind === "preset") return `preset:${choice.name}`;
  return isDraft(choice) ? DRAFT : OWN;
}

/** @param current what "draft" stands for */
export function choiceOf(option: string, current: TemplateChoice): TemplateChoice {
  if (option.startsWith("preset:")) return { kind: "preset", name: option.slice("preset:".length) };
  return option === DRAFT ? current : { kind: "own" };
}
