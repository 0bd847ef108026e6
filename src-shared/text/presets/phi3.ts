import { opening, type Preset } from "./preset.ts";

/** Phi 3 and 3.5: `<|user|>`, `<|assistant|>`, each turn ended by `<|end|>`; the end-of-text token behind a whole conversation. */
export const PHI3: Preset = {
  name: "phi3",
  kind: "jinja",
  mask: "assistant",
  defaultSystem: "",
  needs: ["<|system|>", "<|user|>", "<|assistant|>", "<|end|>"],
  endOfTurn: "<|end|>",
  twin: (system) => `${opening(system, { name: "phi3" })}{%- if system -%}
    {{- '<|system|>\\n' + system + '<|end|>\\n' -}}
{%- endif -%}
{%- for message in turns -%}
    {{- '<|' + message['role'] + '|>\\n' + text_of(message['content']) + '<|end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<|assistant|>\\n' -}}
{%- else -%}
    {{- eos_token -}}
{%- endif -%}
`,
};
