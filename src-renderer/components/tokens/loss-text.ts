import type { AuthorLoss } from "#shared/contract/proof.ts";
import type { Catalogue } from "../../i18n/en.ts";

/** What a template did to a message's text, in words. */
export function lossText(loss: AuthorLoss, words: Catalogue["tokens"]["loss"]): string {
  const { operation, line, column, message } = loss;
  return operation === "" ? words.silent(message + 1) : words.made(operation, line, column, message + 1);
}
