import type { WireRow } from "../../state/rows.ts";
import type { DrawnToken } from "./view.ts";

/** What the colour of a token tells. Each class has an underline of its own too, so that nobody needs the colour. */
export const COLOURINGS = ["label", "weight", "role"] as const;
export type Colouring = (typeof COLOURINGS)[number];
/** Tokens one by one, each in a box, or as text that runs on. */
export const SHAPES = ["text", "chips"] as const;
export type TokenShape = (typeof SHAPES)[number];

export const ROLE_CLASSES = ["system", "user", "assistant", "tool", "template"] as const;
export type RoleClass = (typeof ROLE_CLASSES)[number];
export const WEIGHT_CLASSES = ["none", "less", "one", "more"] as const;
export type WeightClass = (typeof WEIGHT_CLASSES)[number];

/** The letter that stands for a role in a chip. */
export const ROLE_LETTERS: Readonly<Record<RoleClass, string>> = {
  system: "S",
  user: "U",
  assistant: "A",
  tool: "T",
  template: "–",
};

export function roleClass(role: string | undefined): RoleClass {
  if (role === undefined) return "template";
  if (role === "developer") return "system";
  return ROLE_CLASSES.find((each) => each === role) ?? "user";
}

/** Role of a message by its index; undefined for the template. */
export function roleOf(row: WireRow | undefined, message: number): string | undefined {
  return row?.kind === "conversation" ? row.conversation.messages[message]?.role : undefined;
}

export function weightClass(token: DrawnToken): WeightClass {
  if (token.state === "idle") return "none";
  return token.weight === 1 ? "one" : token.weight < 1 ? "less" : "more";
}

/** CSS classes of a token under a colouring. */
export function colourClasses(token: DrawnToken, colouring: Colouring, row: WireRow | undefined): string {
  if (colouring === "label") return token.state;
  if (colouring === "weight") return `${token.state} w-${weightClass(token)}`;
  return `${token.state} r-${roleClass(roleOf(row, token.message))}`;
}
