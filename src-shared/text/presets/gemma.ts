import { opening, type Preset } from "./preset.ts";

/** Gemma 1 to 3: the assistant is `model`, the system text stands in the first user turn. */
export const GEMMA: Preset = {
  name: "gemma",
  kind: "jinja",
  mask: "assistant",
  defaultSystem: "",
  needs: ["bos_token", "<start_of_turn>", "<end_of_turn>"],
  endOfTurn: "<end_of_turn>",
  twin: (system) => `${opening(system, { name: "gemma" })}{{- bos_token -}}
{%- for message in turns -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{- raise_exception('gemma takes user and assistant turns by turns, beginning with a user') -}}
    {%- endif -%}
    {{- '<start_of_turn>' + ('model' if message['role'] == 'assistant' else 'user') + '\\n' -}}
    {%- if loop.first and system -%}
        {{- system + '\\n\\n' -}}
    {%- endif -%}
    {{- text_of(message['content']) | trim + '<end_of_turn>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<start_of_turn>model\\n' -}}
{%- endif -%}
`,
};
