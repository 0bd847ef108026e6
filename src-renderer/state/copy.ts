import { t } from "../i18n/i18n.svelte.ts";
import { toasts } from "./toasts.svelte.ts";

/** Puts text on the clipboard and says so; where the browser refuses, the text is shown instead, to be copied by hand. */
export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toasts.show("good", t().common.copied);
  } catch {
    toasts.show("info", text);
  }
}
