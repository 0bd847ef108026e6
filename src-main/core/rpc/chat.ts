import type { Services } from "../services.ts";
import { notImplemented, procedures } from "./base.ts";

export function chatRouter(_services: Services) {
  return { send: procedures.chat.send.handler(() => notImplemented("chat")) };
}
