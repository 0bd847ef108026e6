import { count } from "../plural.ts";

export const form = {
  build: "Build with a form",
  edit: "Change the form",
  title: "Template form",
  intro:
    "Each piece is tokenized on its own. Write bos_token or eos_token alone to stand for the tokenizer's own token.",
  name: "Name",
  defaultSystem: "Default system text",
  bos: "Beginning of the text (BOS)",
  eos: "End of the text (EOS)",
  firstTurn: "First turn",
  firstTurns: {
    keep: "A system turn of the row replaces the default text",
    drop: "Leave a first turn out that is not a user's; always write the default text",
  },
  roles: { system: "System", user: "User", assistant: "Assistant", tool: "Tool" },
  writesRole: (role: string) => `Has turns of this role: ${role}`,
  pieces: {
    start: "Start of turn",
    name: "Role name",
    separator: "After the name",
    end: "End of turn",
    newline: "Newline after it",
  },
  trained: "Trained under “Answers and structure”",
  parts: { start: "start", name: "name", content: "content", end: "end", newline: "newline" },
  none: "nothing is written",
  one: (id: number) => `one token, id ${id}`,
  several: (n: number) => count(n, "token", "tokens"),
  endWarning: "This is not one token, so generation cannot stop at it.",
  unknown: "The tokenizer names no such token.",
  use: "Use this form",
  showJinja: "Show as Jinja",
  hideJinja: "Hide the Jinja",
  goOn: "Go on in Jinja",
  readOnly: "A form; its Jinja twin is shown and saved with the model.",
  preview: "What a conversation becomes",
  ownNamed: (name: string) => `The model's own: ${name}`,
};

export const adapting = {
  useOwn: "Use the model's own",
  changes: {
    roles: "turns and role names",
    stop: "the stop token",
    system: "the default system text",
    text: "the text",
  },
  departs: (what: string) => `It differs in ${what}.`,
  kinds: { base: "Base model", instruct: "Instruct model" },
  reasons: {
    template: (detail: string) => `it has a chat template of its own (${detail})`,
    "no-template": () => "it has no chat template",
    "stops-at-turn": (detail: string) => `it stops at ${detail}`,
    "name-instruct": (detail: string) => `its name says so (${detail})`,
    "name-base": (detail: string) => `its name says base (${detail})`,
  },
  choose: "Choose a format",
  title: "A format for this base model",
  intro:
    "The model has no chat template. Choose the format that it is to learn; it is saved with the model, and generation will stop at its end of turn.",
  recommended: "recommended",
  stopsAt: (text: string, id: number) => `stops at ${text} (id ${id})`,
  needsNothing: "Needs nothing: every token is in the vocabulary.",
  newEnd:
    "The model has to learn to stop at this token: its embedding row is there, but may be untrained. Full fine-tuning trains it; LoRA does not.",
  missing: (tokens: string) =>
    `Needs ${tokens}, which the tokenizer lacks. Adding tokens and training their embedding rows is not possible yet; choose a format that needs none.`,
  use: (name: string) => `Use ${name}`,
};
