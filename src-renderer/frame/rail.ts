/** The rail from top to bottom: Ctrl+1…7 (Alt+1…7 where the browser keeps Ctrl for its own tabs). */
export const RAIL = ["home", "data", "template", "train", "runs", "models", "chat"] as const;
