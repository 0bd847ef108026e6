import { FORM_ROLES, type FormRole, type FormRoleName, type TemplateForm } from "./form.ts";
import { quote, TEXT_OF } from "./preset.ts";
import { lastQuestionTwin, reasoningTwin } from "./reasoning.ts";

/**
 * The Jinja template that writes what a form writes, with a generation prompt: it is saved with the model, so that serving sees what
 * training saw. @param system text for conversations without one
 */
export function formTwin(form: TemplateForm, system: string): string {
  const drops = form.first_turn === "drop";
  const { reasoning } = form;
  const content = drops && !reasoning ? "message['content']" : "text_of(message['content'])";
  const roles = FORM_ROLES.flatMap((name): [FormRoleName, FormRole][] => {
    const role = form.roles[name];
    return role && name !== "system" ? [[name, role]] : [];
  });
  const branches = roles.map(([name, role], i) => {
    const thinks = reasoning && name === "assistant";
    return `    {%- ${i === 0 ? "if" : "elif"} message['role'] == ${quote(name)} -%}
${thinks ? reasoningTwin(reasoning, content) : ""}        {{- ${turn(role, thinks ? "reasoning + content" : content)} -}}`;
  });
  return `${drops ? dropping(form, system) : keeping(form, system)}${written(form.bos)}${systemTurn(form)}${lastQuestionTwin(form)}{%- for message in messages -%}
${branches.join("\n")}
    {%- else -%}
        {{- raise_exception(${quote(`${form.name} takes ${roleList(form)} turns, not `)} + message['role']) -}}
    {%- endif -%}
${drops ? "" : refusingCalls(form)}{%- endfor -%}
${eosWritten(form)}{%- if add_generation_prompt -%}
    {{- ${joined([form.roles.assistant.start, form.roles.assistant.name, form.roles.assistant.separator])} -}}
{%- endif -%}
`;
}

/** Roles of a form's turns, for messages. */
export const roleList = (form: TemplateForm): string =>
  form.roles.tool ? "user, assistant and tool" : "user and assistant";

const dropping = (
  { name, reasoning }: TemplateForm,
  system: string,
): string => `${reasoning ? TEXT_OF(name) : ""}{%- set system = ${quote(system)} -%}
{%- if messages and messages[0]['role'] != 'user' -%}
    {%- set messages = messages[1:] -%}
{%- endif -%}
`;

function keeping({ roles, name }: TemplateForm, system: string): string {
  const given = roles.system
    ? "    {%- set system = text_of(messages[0]['content']) -%}"
    : `    {{- raise_exception(${quote(`${name} has no system turn`)}) -}}`;
  return `${TEXT_OF(name)}{%- set system = ${quote(roles.system ? system : "")} -%}
{%- if messages and messages[0]['role'] == 'system' -%}
${given}
    {%- set messages = messages[1:] -%}
{%- endif -%}
`;
}

const refusingCalls = ({ name }: TemplateForm): string => `    {%- if message['tool_calls'] -%}
        {{- raise_exception(${quote(`${name} takes text, not tool calls`)}) -}}
    {%- endif -%}
`;

function systemTurn({ roles, first_turn }: TemplateForm): string {
  if (!roles.system) return "";
  const line = `{{- ${turn(roles.system, "system")} -}}\n`;
  return first_turn === "drop" ? line : `{%- if system -%}\n    ${line}{%- endif -%}\n`;
}

const eosWritten = ({ eos, first_turn }: TemplateForm): string =>
  eos === ""
    ? ""
    : `{%- if ${first_turn === "drop" ? "messages" : "messages"} and not add_generation_prompt -%}\n    ${written(eos)}{%- endif -%}\n`;

const written = (piece: string): string => (piece === "" ? "" : `{{- ${joined([piece])} -}}\n`);

const turn = ({ start, name, separator, end, newline }: FormRole, content: string): string =>
  [joined([start, name, separator]), content, joined([end, newline])].filter((part) => part !== "''").join(" + ");

/** Pieces as one Jinja expression; the tokenizer's own tokens stay variables. */
function joined(pieces: readonly string[]): string {
  const parts: string[] = [];
  let text = "";
  const flush = (): void => {
    if (text !== "") parts.push(quote(text));
    text = "";
  };
  for (const [i, piece] of pieces.entries()) {
    // The role's name, in the middle, is always a text.
    if ((piece === "bos_token" || piece === "eos_token") && i !== 1) {
      flush();
      parts.push(piece);
    } else text += piece;
  }
  flush();
  return parts.length === 0 ? "''" : parts.join(" + ");
}
