/** Saved templates keep every text that was saved under their name, numbered from 1. A saved text never changes. */
export const SCHEMA_003_TEMPLATES = `
CREATE TABLE template_versions (
  template INTEGER NOT NULL REFERENCES templates(key) ON DELETE CASCADE,
  number INTEGER NOT NULL CHECK (number > 0),
  source TEXT NOT NULL,
  hash TEXT NOT NULL,
  saved_at INTEGER NOT NULL,
  PRIMARY KEY (template, number)
) STRICT;
INSERT INTO template_versions (template, number, source, hash, saved_at)
  SELECT key, 1, source, hash, updated_at FROM templates;
CREATE TRIGGER template_versions_append_only BEFORE UPDATE ON template_versions
BEGIN SELECT RAISE(ABORT, 'template_versions is append-only'); END;
`;
