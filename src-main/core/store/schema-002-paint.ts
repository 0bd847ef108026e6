/**
 * Painted weights: `row_history` takes the action "paint", and `spans` (JSON) holds where paint lies in a message after a
 * paint, or after an edit that moved it. SQLite cannot widen a CHECK, so that the table is made anew with the same keys.
 */
export const SCHEMA_002_PAINT = `
CREATE TABLE row_history_next (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  version INTEGER NOT NULL REFERENCES dataset_versions(key),
  row_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  action TEXT NOT NULL CHECK (action IN ('verdict', 'edit', 'paint', 'undo')),
  message_index INTEGER,
  value TEXT NOT NULL,
  spans TEXT,
  undoes INTEGER REFERENCES row_history_next(key)
) STRICT;
INSERT INTO row_history_next (key, version, row_id, at, action, message_index, value, undoes)
  SELECT key, version, row_id, at, action, message_index, value, undoes FROM row_history ORDER BY key;
DROP TABLE row_history;
ALTER TABLE row_history_next RENAME TO row_history;
CREATE INDEX row_history_row ON row_history(version, row_id, key);
CREATE TRIGGER row_history_append_only BEFORE UPDATE ON row_history
BEGIN SELECT RAISE(ABORT, 'row_history is append-only'); END;

ALTER TABLE row_state ADD COLUMN spans TEXT NOT NULL DEFAULT '{}';
`;
