import { opening, type Preset } from "./preset.ts";

/** Mistral instruct, tokenizer versions 1 to 3: one `<s>`, `[INST] question [/INST] answer</s>`, the system text before the first question. */
export const MISTRAL: Preset = {
  name: "mistral",
  kind: "jinja",
  mask: "assistant",
  defaultSystem: "",
  needs: ["bos_token", "eos_token"],
  endOfTurn: "eos_token",
  twin: (system) => `${opening(system, { name: "mistral" })}{{- bos_token -}}
{%- for message in turns -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{- raise_exception('mistral takes user and assistant turns by turns, beginning with a user') -}}
    {%- endif -%}
    {%- if message['role'] == 'user' -%}
        {{- '[INST] ' -}}
        {%- if loop.first and system -%}
            {{- system + '\\n\\n' -}}
        {%- endif -%}
        {{- text_of(message['content']) + ' [/INST]' -}}
    {%- else -%}
        {{- ' ' + text_of(message['content']) + eos_token -}}
    {%- endif -%}
{%- endfor -%}
`,
};
