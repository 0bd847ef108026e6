import type { DecoderConfig } from "./config.ts";
import type { RawConfig } from "./raw.ts";

/** A model family: how its `config.json` becomes a decoder. */
export interface Family {
  /** `model_type` in config.json. */
  readonly modelType: string;
  /** Class name that `transformers` knows it by. */
  readonly architecture: string;
  /** Keys that change the mathematics and that `readConfig` understands. */
  readonly reads?: readonly string[];
  /** @throws SiftError `model-config-invalid`, `model-unsupported`. */
  readConfig(raw: RawConfig, file: string): DecoderConfig;
}
