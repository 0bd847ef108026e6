import { opening, type Preset } from "./preset.ts";

/** Llama 2 chat: `[INST] … [/INST] answer </s>`, the system text inside of the first question. */
export const LLAMA2: Preset = {
  name: "llama2",
  kind: "jinja",
  mask: "assistant",
  defaultSystem: "",
  needs: ["bos_token", "eos_token"],
  endOfTurn: "eos_token",
  twin: (system) => `${opening(system, { name: "llama2" })}{%- for message in turns -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{- raise_exception('llama2 takes user and assistant turns by turns, beginning with a user') -}}
    {%- endif -%}
    {%- if message['role'] == 'user' -%}
        {{- bos_token + '[INST] ' -}}
        {%- if loop.first and system -%}
            {{- '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' -}}
        {%- endif -%}
        {{- text_of(message['content']) | trim + ' [/INST]' -}}
    {%- else -%}
        {{- ' ' + text_of(message['content']) | trim + ' ' + eos_token -}}
    {%- endif -%}
{%- endfor -%}
`,
};
