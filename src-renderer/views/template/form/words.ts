import { FORM_ROLES, type FormRole, type FormRoleName, type TemplateForm } from "#shared/text/index.ts";
import type { Catalogue } from "../../../i18n/en.ts";
import { escaped } from "./form.ts";

type Words = Catalogue["form"];
const PIECES = ["start", "name", "separator", "end", "newline"] as const;

/** A form as lines that a person reads, so that two versions can be laid side by side. */
export function formInWords(form: TemplateForm, words: Words): string {
  const roles = FORM_ROLES.flatMap((name) => ["", ...roleInWords(name, form.roles[name], words)]);
  return [...wholeInWords(form, words), ...roles, ""].join("\n");
}

function wholeInWords(form: TemplateForm, words: Words): string[] {
  return [
    line(words.name, form.name),
    line(words.defaultSystem, written(form.default_system, words)),
    line(words.firstTurn, words.firstTurns[form.first_turn]),
    line(words.bos, written(form.bos, words)),
    line(words.eos, written(form.eos, words)),
    line(words.pad, form.pad ?? words.padLeft),
    ...reasoningInWords(form, words),
  ];
}

function reasoningInWords({ reasoning }: TemplateForm, words: Words): string[] {
  const { title, open, close, turns, choices } = words.reasoning;
  if (!reasoning) return [line(title, words.reasoning.none)];
  return [
    line(open, written(reasoning.open, words)),
    line(close, written(reasoning.close, words)),
    line(turns, choices[reasoning.turns]),
  ];
}

function roleInWords(name: FormRoleName, role: FormRole | undefined, words: Words): string[] {
  if (!role) return [line(words.roles[name], words.noTurns)];
  const parts = role.train.map((part) => words.parts[part]);
  return [
    words.roles[name],
    ...PIECES.map((piece) => `  ${line(words.pieces[piece], written(role[piece], words))}`),
    `  ${line(words.trained, parts.length === 0 ? words.nothing : parts.join(words.comma))}`,
  ];
}

const line = (label: string, value: string): string => `${label}: ${value}`;
const written = (text: string, words: Words): string => (text === "" ? words.none : escaped(text));
