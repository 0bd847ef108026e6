/** A model's config.json: JSON that has not been read yet. */
export type RawConfig = Readonly<Record<string, unknown>>;
