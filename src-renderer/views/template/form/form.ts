import {
  CHATML_HUMAN_FORM,
  FORM_PARTS,
  type FormPart,
  type FormReasoning,
  type FormRole,
  type TemplateForm,
} from "#shared/text/index.ts";

/** A marker on one line: newlines and tabs are written as `\n` and `\t`. */
export const escaped = (text: string): string =>
  text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t");
export const unescaped = (text: string): string =>
  text.replace(/\\([\\nt])/g, (_, letter: string) => (letter === "n" ? "\n" : letter === "t" ? "\t" : "\\"));

/** Reasoning as most models that have it write it. */
export const NEW_REASONING: FormReasoning = { open: "<think>\n", close: "\n</think>\n\n", turns: "last" };

/** A form with pad token and reasoning, or without: what is empty is left out. */
export function withOptional(
  form: TemplateForm,
  change: { pad?: string; reasoning?: FormReasoning | undefined },
): TemplateForm {
  const { pad: padBefore = "", reasoning: reasoningBefore, ...rest } = form;
  const pad = change.pad ?? padBefore;
  const reasoning = "reasoning" in change ? change.reasoning : reasoningBefore;
  return { ...rest, ...(pad === "" ? {} : { pad }), ...(reasoning ? { reasoning } : {}) };
}

/** What a new form begins as: the turns of ChatML, answers and their ends trained. */
export function newForm(): TemplateForm {
  const { system, user, assistant } = CHATML_HUMAN_FORM.roles;
  const plain = (role: FormRole, name: string, train: FormPart[]): FormRole => ({ ...role, name, train });
  return {
    ...CHATML_HUMAN_FORM,
    name: "my-form",
    first_turn: "keep",
    roles: {
      ...(system ? { system: plain(system, "system", []) } : {}),
      user: plain(user, "user", []),
      assistant: plain(assistant, "assistant", ["content", "end", "newline"]),
    },
  };
}

/** A role with a part trained or not, parts in the order in which they are written. */
export const trainPart = (role: FormRole, part: FormPart, trained: boolean): FormRole => ({
  ...role,
  train: FORM_PARTS.filter((each) => (each === part ? trained : role.train.includes(each))),
});
