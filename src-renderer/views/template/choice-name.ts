import type { TemplateChoice } from "#shared/contract/text.ts";

interface Words {
  readonly own: string;
  readonly text: string;
}

/** What a template choice is called where there is no room for its text. */
export function choiceName(choice: TemplateChoice, words: Words): string {
  switch (choice.kind) {
    case "own":
      return choice.name === undefined ? words.own : `${words.own} · ${choice.name}`;
    case "preset":
      return choice.name;
    case "form":
      return choice.form.name;
    case "text":
      return choice.name ?? words.text;
  }
}
