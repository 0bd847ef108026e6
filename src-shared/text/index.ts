/** Text: rows → conversation → rendered text → token ids, labels and weights. Import from here. */
export * from "./types.ts";
export { createRowReader, MAX_ROW_CHARACTERS, type ReaderEvent, type RowReader } from "./rows/reader.ts";
export { detectShape, parseRow, parseRowText, ROW_SHAPES, type RowShape } from "./rows/parse.ts";
export { parseJson } from "./json.ts";
export { Tokenizer, type TokenizedText } from "./tokenizer/tokenizer.ts";
export { RememberingTokenizer } from "./tokenizer/remembering.ts";
export { ChatTemplate } from "./jinja/template.ts";
export { DEFAULT_LIMITS, type RenderLimits } from "./jinja/limits.ts";
export { createEncoder } from "./encoder.ts";
export {
  type EncodeResult,
  type EncoderOptions,
  OVER_LENGTH_POLICIES,
  type OverLength,
  type RowEncoder,
  type RowFacts,
  type RowNotice,
  type TemplateChoice,
} from "./encoderTypes.ts";
export { applyOverLength, sliceRow } from "./overLength.ts";
export { encodePretokenized } from "./documents.ts";
export {
  missingTokens,
  PRESET_NAMES,
  presetOf,
  SYSTEM_POLICIES,
  CHATML_HUMAN_FORM,
  FORM_PARTS,
  FORM_ROLES,
  padToken,
  REASONING_TURNS,
  type FormPart,
  type FormReasoning,
  type FormRole,
  type FormRoleName,
  formMask,
  formRole,
  formTwin,
  parseForm,
  templateForm,
  type TemplateForm,
  type Preset,
  type SystemPolicy,
} from "./presets/index.ts";
export { DEFAULT_REPAIRS, FINDING_CLASSES, FINDING_MEANINGS, type FindingClass, type RepairName } from "./findings.ts";
export { type Inspected, type InspectionContext, inspectRow } from "./inspect.ts";
export { ProofAccumulator, type ProofFinding, type ProofReport } from "./proof.ts";
export { batchUnits, type LaidOut, layOut, packRows, type PackingOptions } from "./packing.ts";
export { compareTemplates, type DiffPart, SAMPLE_CONVERSATION, type TemplateDeparture } from "./departure.ts";
export { toTemplateMessages } from "./render.ts";
export { lossInEnglish } from "./losses.ts";
export type { AuthorLoss } from "./authors.ts";
export { type TextOrigin } from "./origins.ts";
export { TurnFinder } from "./turnFinder.ts";
export {
  SPECIAL_CHOICES,
  splitIntoTurns,
  TRUNCATION_MODES,
  withoutOldestTurns,
  type RowOptions,
} from "./rowOptions.ts";
export { exampleOf, examplesKept, type FindingExample } from "./examples.ts";
export { BIN_TOKENS, LengthCounter, type LengthProfile } from "./lengthProfile.ts";
export { LENGTH_POLICIES, lengthOutcome, type LengthOutcome, type LengthPolicy } from "./lengthOutcome.ts";
export { LeastTrained, shareOf, type TrainedShare } from "./leastTrained.ts";
export { shiftLabels, type ShiftedLabels } from "./shift.ts";
export { diffTokens, TOKEN_CHANGES, type TokenChange, type TokenDelta, type TokenDiff } from "./diff/tokens.ts";
export { moveSpans, normalSpans, PAINT_RANGE, paintSpans } from "./spans.ts";
export {
  EOS_CHOICES,
  type EosChoice,
  type MaskOptions,
  REASONING_CHOICES,
  type ReasoningChoice,
  textKeyOf,
} from "./mask/options.ts";
export { MASK_KEYS, maskOptionsOf, type MaskSettings, maskSettingsOf, maskText } from "./mask/settings.ts";
export { type MaskRule, parseRuleText, RULE_PARTS, type RulePart, ruleText } from "./mask/rule.ts";
export type { TokenizedConversation, TokenizedRow } from "./mask/tokenized.ts";
export { type KeyedRule, maskRules, ruleInEnglish, type RuleSentence } from "./mask/words.ts";
export { addTallies, type CountedRow, RuleCounter, type RuleTally } from "./mask/counts.ts";
export { prefixDiffers } from "./promptEnds.ts";
