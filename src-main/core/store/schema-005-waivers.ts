/** Classes of findings that somebody accepted: of one version under one set of settings, with the count at that moment and why. */
export const SCHEMA_005_WAIVERS = `
CREATE TABLE waivers (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  version INTEGER NOT NULL REFERENCES dataset_versions(key),
  settings_hash TEXT NOT NULL,
  class TEXT NOT NULL,
  row_count INTEGER NOT NULL CHECK (row_count > 0),
  reason TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (version, settings_hash, class)
) STRICT;
`;
