import type { MaskPolicy } from "../types.ts";
import type { TemplateForm } from "./form.ts";

/** A format that is built in. */
export interface Preset {
  readonly name: string;
  /** Segments, each tokenized on its own, or a Jinja template like a model's. */
  readonly kind: "segments" | "jinja";
  /** Of a format made of segments. */
  readonly form?: TemplateForm;
  readonly mask: MaskPolicy;
  /** System text for conversations without one; empty: none is written. */
  readonly defaultSystem: string;
  /** Texts that must be one token each. `eos_token` and `bos_token` stand for the tokenizer's own. */
  readonly needs: readonly string[];
  /** The token that ends an answer; `eos_token` stands for the tokenizer's own. */
  readonly endOfTurn: string;
  /** The format as a Jinja template, saved with a trained model. @param system text for conversations without one */
  readonly twin: (system: string) => string;
}

/** A text as a Jinja literal. */
export const quote = (text: string): string =>
  `'${text.replace(/[\\']/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}'`;

/** The macro `text_of`: a content that is a text or a list of text parts, as text. */
export const TEXT_OF = (name: string): string => `{%- macro text_of(content) -%}
    {%- if content is string -%}{{- content -}}
    {%- elif content is iterable -%}
        {%- for part in content -%}
            {%- if part['type'] == 'text' -%}{{- part['text'] -}}
            {%- else -%}{{- raise_exception(${quote(`${name} takes text, not `)} + part['type']) -}}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro -%}
`;

/**
 * How the templates of ours begin: `system` is the conversation's own system text or the default, `turns` are the others, and
 * `text_of` writes a content that is a text or a list of text parts. Formats without tools refuse what they cannot write.
 */
export function opening(system: string, options: { readonly name: string; readonly tools?: boolean }): string {
  return `${TEXT_OF(options.name)}{%- if messages and messages[0]['role'] == 'system' -%}
    {%- set system = text_of(messages[0]['content']) -%}
    {%- set turns = messages[1:] -%}
{%- else -%}
    {%- set system = ${quote(system)} -%}
    {%- set turns = messages -%}
{%- endif -%}
${options.tools ? "" : refusingTools(options.name)}`;
}

/** A format without tools, or with fixed roles, says what it cannot write instead of leaving it out. */
function refusingTools(name: string): string {
  return `{%- for message in turns -%}
    {%- if message['role'] not in ['user', 'assistant'] or message['tool_calls'] -%}
        {{- raise_exception(${quote(`${name} takes user and assistant turns behind an optional system turn, not `)} + ('tool calls' if message['tool_calls'] else message['role'])) -}}
    {%- endif -%}
{%- endfor -%}
`;
}
