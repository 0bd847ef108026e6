import { opening, type Preset } from "./preset.ts";

/** Stanford Alpaca: headings in plain text, so that a base model without special tokens can learn it; an answer ends with the end token. */
export const ALPACA: Preset = {
  name: "alpaca",
  kind: "jinja",
  mask: "assistant",
  defaultSystem:
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.",
  needs: ["eos_token"],
  endOfTurn: "eos_token",
  twin: (system) => `${opening(system, { name: "alpaca" })}{%- if system -%}
    {{- system + '\\n\\n' -}}
{%- endif -%}
{%- for message in turns -%}
    {%- if message['role'] == 'user' -%}
        {{- '### Instruction:\\n' + text_of(message['content']) + '\\n\\n' -}}
    {%- else -%}
        {{- '### Response:\\n' + text_of(message['content']) + eos_token + '\\n\\n' -}}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '### Response:\\n' -}}
{%- endif -%}
`,
};
