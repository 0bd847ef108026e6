import type { SavedTemplate, TemplateChoice, TemplateInfo } from "#shared/contract/text.ts";
import type { FoundTemplate } from "#shared/contract/templates.ts";

/** The template select: one value a template that can be chosen. */
export const sourceValue = (choice: TemplateChoice, saved: readonly SavedTemplate[]): string => {
  if (choice.kind === "own") return choice.name === undefined ? "own" : `own:${choice.name}`;
  if (choice.kind === "preset") return `preset:${choice.name}`;
  const same = saved.find((each) => sameText(asChoice(each), choice));
  if (same) return `saved:${same.id}`;
  return choice.kind === "form" ? "form" : "edited";
};

/** What a value of the select stands for; undefined for "edited" and "form", which are what is there already. */
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
  return kept && asChoice(kept);
}

/** A text or a form from elsewhere, as it is chosen. */
export const asChoice = ({ name, source, form }: Pick<FoundTemplate, "name" | "source" | "form">): TemplateChoice =>
  form ? { kind: "form", form } : { kind: "text", source, name };

/** Forms come parsed, with their keys in one order. */
const sameText = (one: TemplateChoice, other: TemplateChoice): boolean =>
  one.kind === "form"
    ? other.kind === "form" && JSON.stringify(one.form) === JSON.stringify(other.form)
    : one.kind === "text" && other.kind === "text" && one.source === other.source;

/** The name under which a draft of a choice would be saved again. */
export const draftName = (choice: TemplateChoice): string | undefined =>
  choice.kind === "text" ? choice.name : choice.kind === "form" ? choice.form.name : undefined;

interface SourceWords {
  readonly own: string;
  readonly ownNote: string;
  readonly ownNamed: (name: string) => string;
  readonly presetNote: string;
  readonly savedNote: string;
  readonly formNote: string;
  readonly edited: string;
  readonly editedNote: string;
}
interface Sources {
  readonly choice: TemplateChoice;
  readonly ownTemplates: readonly string[];
  readonly presets: readonly TemplateInfo[];
  readonly saved: readonly SavedTemplate[];
}

/** Every template that can be chosen, and what is being edited. */
export function sourceOptions({ choice, ownTemplates, presets, saved }: Sources, words: SourceWords): SourceOption[] {
  const value = sourceValue(choice, saved);
  const named = ownTemplates.filter((name) => name !== "default");
  return [
    { value: "own", label: words.own, note: words.ownNote },
    ...named.map((name) => ({ value: `own:${name}`, label: words.ownNamed(name), note: words.ownNote })),
    ...(value === "form" && choice.kind === "form"
      ? [{ value, label: choice.form.name, note: `${words.formNote} · ${words.editedNote}` }]
      : []),
    ...(value === "edited" ? [{ value, label: words.edited, note: words.editedNote }] : []),
    ...presets.map(({ name }) => ({ value: `preset:${name}`, label: name, note: words.presetNote })),
    ...saved.map(({ id, name, form }) => {
      return {
        value: `saved:${id}`,
        label: name,
        note: form ? `${words.savedNote} · ${words.formNote}` : words.savedNote,
      };
    }),
  ];
}
export interface SourceOption {
  readonly value: string;
  readonly label: string;
  readonly note: string;
}
