import type { EncodeSettings } from "#shared/contract/text.ts";
import { prepareCache, type CacheSpec } from "../data/encoded-cache.ts";
import { textKey } from "./encoding.ts";

/** Where rows under these settings are kept, ready for threads; undefined where nothing can be kept. */
export function rowCache(settings: EncodeSettings, folder: string | undefined): CacheSpec | undefined {
  if (folder === undefined) return undefined;
  const key = textKey(settings);
  return key !== undefined && prepareCache(folder) ? { folder, textKey: key } : undefined;
}
