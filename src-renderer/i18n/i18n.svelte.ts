import { en } from "./en.ts";
import { zh } from "./zh.ts";
import type { Catalogue } from "./en.ts";

export const LANGUAGES = ["en", "zh"] as const;
export type Language = (typeof LANGUAGES)[number];
/** Each language is named in itself, whatever the interface speaks. */
export const LANGUAGE_NAMES: Record<Language, string> = { en: "English", zh: "简体中文" };
const CATALOGUES: Record<Language, Catalogue> = { en, zh };
const TAGS: Record<Language, string> = { en: "en", zh: "zh-CN" };

function systemLanguage(): Language {
  const preferred = typeof navigator === "undefined" ? [] : navigator.languages;
  return preferred.find((tag) => tag.startsWith("zh") || tag.startsWith("en"))?.startsWith("zh") ? "zh" : "en";
}

/** The language of the interface; switching it re-renders everything that read a message. */
class I18n {
  #language = $state<Language>(systemLanguage());

  get language(): Language {
    return this.#language;
  }

  /** BCP 47 tag for `lang` and Intl. */
  get tag(): string {
    return TAGS[this.#language];
  }

  get messages(): Catalogue {
    return CATALOGUES[this.#language];
  }

  use(choice: "system" | Language): void {
    this.#language = choice === "system" ? systemLanguage() : choice;
    if (typeof document !== "undefined") document.documentElement.lang = this.tag;
  }
}

export const i18n = new I18n();

/** The catalogue of the current language: `t().data.title`. Reactive wherever it is read. */
export const t = (): Catalogue => i18n.messages;
