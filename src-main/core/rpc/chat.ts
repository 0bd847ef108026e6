import type { Message } from "#shared/text/index.ts";
import type { Services } from "../services.ts";
import { mapStreamErrors, procedures } from "./base.ts";

export function chatRouter({ chat }: Services) {
  return {
    send: procedures.chat.send.handler(({ input, signal }) =>
      mapStreamErrors(chat.send({ ...input, messages: input.messages as Message[] }, signal)),
    ),
  };
}
