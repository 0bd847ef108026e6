import { opening, type Preset } from "./preset.ts";

/** Zephyr: role marks that are plain text, each turn ended by the tokenizer's own end token. */
export const ZEPHYR: Preset = {
  name: "zephyr",
  kind: "jinja",
  mask: "assistant",
  defaultSystem: "",
  needs: ["eos_token"],
  endOfTurn: "eos_token",
  twin: (system) => `${opening(system, { name: "zephyr" })}{%- if system -%}
    {{- '<|system|>\\n' + system + eos_token + '\\n' -}}
{%- endif -%}
{%- for message in turns -%}
    {{- '<|' + message['role'] + '|>\\n' + text_of(message['content']) + eos_token + '\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<|assistant|>\\n' -}}
{%- endif -%}
`,
};
