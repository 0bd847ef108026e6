import { mapCharacters, type NormalizedText } from "./spanBuilder.ts";
import { SPACE } from "./spaces.ts";

/** The parts of a BertNormalizer's configuration that decide what it does. */
export interface BertSettings {
  readonly clean_text?: unknown;
  readonly handle_chinese_chars?: unknown;
  readonly strip_accents?: unknown;
  readonly lowercase?: unknown;
}

const IS_SPACE = new RegExp(`[${SPACE}]`, "u");
const IS_CONTROL = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\ufffd]/u;
/** CJK ideographs as BERT counts them: not Hangul, Hiragana or Katakana. */
const IS_CHINESE =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/u;

/**
 * BERT's normalizer, character by character, as Hugging Face tokenizers' `normalizers/bert`: control characters go, white space is
 * a space, ideographs stand apart, accents go (unless told otherwise, where it lowers case), lower case.
 */
export function normalizeBert(settings: BertSettings, text: string): NormalizedText {
  const { clean_text: cleans, handle_chinese_chars: separates, strip_accents: strips, lowercase } = settings;
  const lowers = lowercase !== false;
  const stripsAccents = typeof strips === "boolean" ? strips : lowers;
  return mapCharacters(text, (char) => {
    if (cleans !== false && isDropped(char)) return "";
    const cleaned = cleans !== false && IS_SPACE.test(char) ? " " : char;
    const bare = stripsAccents ? cleaned.normalize("NFD").replace(/\p{Mn}/gu, "") : cleaned;
    const written = lowers ? bare.toLowerCase() : bare;
    return separates !== false && IS_CHINESE.test(cleaned) ? ` ${written} ` : written;
  });
}

const isDropped = (char: string): boolean => !/[\t\n\r]/.test(char) && IS_CONTROL.test(char);
