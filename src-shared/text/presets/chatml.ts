import { opening, type Preset } from "./preset.ts";

/** ChatML as OpenAI described it and most fine-tunes use it; any role is written under its own name. */
export const CHATML: Preset = {
  name: "chatml",
  kind: "jinja",
  mask: "assistant",
  defaultSystem: "",
  needs: ["<|im_start|>", "<|im_end|>"],
  endOfTurn: "<|im_end|>",
  twin: (system) => `${opening(system, { name: "chatml", tools: true })}{%- if system -%}
    {{- '<|im_start|>system\\n' + system + '<|im_end|>\\n' -}}
{%- endif -%}
{%- for message in turns -%}
    {%- if message['tool_calls'] -%}
        {{- raise_exception('chatml takes text, not tool calls; choose qwen3 for tools') -}}
    {%- endif -%}
    {{- '<|im_start|>' + message['role'] + '\\n' + text_of(message['content']) + '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<|im_start|>assistant\\n' -}}
{%- endif -%}
`,
};
