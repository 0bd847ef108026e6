import { type FormRole, type TemplateForm } from "./form.ts";
import { formTwin } from "./formTwin.ts";
import type { Preset } from "./preset.ts";

const turn = (name: string, train: FormRole["train"]): FormRole => ({
  start: "<|im_start|>",
  name,
  separator: "\n",
  end: "<|im_end|>",
  newline: "\n",
  train,
});

/** The tutorial's format (DESIGN 4) as a form. */
export const CHATML_HUMAN_FORM: TemplateForm = {
  name: "chatml-human",
  bos: "",
  eos: "",
  default_system: "You are a helpful assistant.",
  first_turn: "drop",
  roles: {
    system: turn("system", ["start", "end", "newline"]),
    user: turn("human", ["start", "end", "newline"]),
    assistant: turn("assistant", ["start", "content", "end", "newline"]),
  },
};

/** The form as a preset; its default system text can be replaced. */
export const CHATML_HUMAN: Preset = {
  name: CHATML_HUMAN_FORM.name,
  kind: "segments",
  form: CHATML_HUMAN_FORM,
  needs: ["<|im_start|>", "<|im_end|>", "\n"],
  endOfTurn: "<|im_end|>",
  mask: "structural",
  defaultSystem: CHATML_HUMAN_FORM.default_system,
  twin: (system) => formTwin(CHATML_HUMAN_FORM, system),
};
