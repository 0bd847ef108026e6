import { opening, type Preset } from "./preset.ts";

/** Llama 3: a header with the role, the text without white space at its ends, `<|eot_id|>`. */
export const LLAMA3: Preset = {
  name: "llama3",
  kind: "jinja",
  mask: "assistant",
  defaultSystem: "",
  needs: ["bos_token", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
  endOfTurn: "<|eot_id|>",
  twin: (system) => `${opening(system, { name: "llama3" })}{{- bos_token -}}
{%- if system -%}
    {{- '<|start_header_id|>system<|end_header_id|>\\n\\n' + system | trim + '<|eot_id|>' -}}
{%- endif -%}
{%- for message in turns -%}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' -}}
    {{- text_of(message['content']) | trim + '<|eot_id|>' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
{%- endif -%}
`,
};
