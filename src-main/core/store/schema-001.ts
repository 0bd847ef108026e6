/**
 * The first schema. Integer keys inside, ids such as `d1`, `v1`, `r1` outside (ids.ts).
 * Rows: the raw text is kept once per content (`contents`); a version is an ordered list of rows with an identity that
 * follows from their content, so that the same row is the same row in another import.
 * What a person decides about a row is appended to `row_history`; `row_state` is its fold, kept for filters.
 */
export const SCHEMA_001 = `
CREATE TABLE datasets (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  source TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ready INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE dataset_versions (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  dataset INTEGER NOT NULL REFERENCES datasets(key),
  number INTEGER NOT NULL,
  content_hash TEXT NOT NULL,
  row_count INTEGER NOT NULL,
  bad_rows INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  note TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 0,
  UNIQUE (dataset, number)
) STRICT;

CREATE TABLE contents (
  key INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  raw TEXT NOT NULL
) STRICT;

CREATE TABLE version_rows (
  version INTEGER NOT NULL REFERENCES dataset_versions(key),
  position INTEGER NOT NULL,
  row_id TEXT NOT NULL,
  content INTEGER NOT NULL REFERENCES contents(key),
  line INTEGER NOT NULL,
  format TEXT NOT NULL,
  title TEXT NOT NULL,
  turns INTEGER NOT NULL,
  characters INTEGER NOT NULL,
  PRIMARY KEY (version, position)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX version_rows_id ON version_rows(version, row_id);
CREATE INDEX version_rows_content ON version_rows(content);

CREATE TABLE bad_rows (
  version INTEGER NOT NULL REFERENCES dataset_versions(key),
  position INTEGER NOT NULL,
  file TEXT NOT NULL,
  line INTEGER NOT NULL,
  code TEXT NOT NULL,
  reason TEXT NOT NULL,
  remedy TEXT,
  raw TEXT NOT NULL,
  PRIMARY KEY (version, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE row_history (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  version INTEGER NOT NULL REFERENCES dataset_versions(key),
  row_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  action TEXT NOT NULL CHECK (action IN ('verdict', 'edit', 'undo')),
  message_index INTEGER,
  value TEXT NOT NULL,
  undoes INTEGER REFERENCES row_history(key)
) STRICT;
CREATE INDEX row_history_row ON row_history(version, row_id, key);
CREATE TRIGGER row_history_append_only BEFORE UPDATE ON row_history
BEGIN SELECT RAISE(ABORT, 'row_history is append-only'); END;

CREATE TABLE row_state (
  version INTEGER NOT NULL REFERENCES dataset_versions(key),
  position INTEGER NOT NULL,
  row_id TEXT NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('none', 'accepted', 'rejected')),
  edited INTEGER NOT NULL,
  turn_verdicts TEXT NOT NULL,
  edits TEXT NOT NULL,
  PRIMARY KEY (version, position)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX row_state_id ON row_state(version, row_id);
CREATE INDEX row_state_verdict ON row_state(version, verdict, position);

CREATE TABLE templates (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  source TEXT NOT NULL,
  hash TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE models (path TEXT PRIMARY KEY, added_at INTEGER NOT NULL) STRICT;

CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE jobs (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
  done INTEGER NOT NULL,
  total INTEGER,
  row_count INTEGER NOT NULL,
  bad_rows INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  result_id TEXT,
  error TEXT
) STRICT;

CREATE TABLE proofs (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  version INTEGER NOT NULL REFERENCES dataset_versions(key),
  settings_hash TEXT NOT NULL,
  data_hash TEXT NOT NULL,
  settings TEXT NOT NULL,
  result TEXT NOT NULL,
  finished_at INTEGER NOT NULL
) STRICT;
CREATE INDEX proofs_lookup ON proofs(version, settings_hash, data_hash, key);

CREATE TABLE runs (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'stopping', 'stopped', 'failed', 'interrupted', 'done')),
  sentence TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  queued_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  version INTEGER REFERENCES dataset_versions(key) ON DELETE SET NULL,
  dataset_name TEXT NOT NULL,
  model_path TEXT NOT NULL,
  model_name TEXT NOT NULL,
  output_dir TEXT NOT NULL,
  template TEXT NOT NULL,
  encode_settings TEXT NOT NULL,
  serving TEXT,
  proof TEXT,
  waived TEXT NOT NULL,
  pins TEXT NOT NULL,
  machine TEXT,
  phase TEXT,
  step INTEGER NOT NULL DEFAULT 0,
  start_step INTEGER NOT NULL DEFAULT 0,
  total_steps INTEGER,
  resume_from TEXT,
  error TEXT
) STRICT;
CREATE INDEX runs_state ON runs(state, queued_at);

CREATE TABLE run_config (
  run INTEGER NOT NULL REFERENCES runs(key) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('default', 'file', 'flag', 'form')),
  entry TEXT NOT NULL,
  PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE metrics (
  run INTEGER NOT NULL REFERENCES runs(key) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  epoch REAL NOT NULL,
  loss REAL NOT NULL,
  grad_norm REAL NOT NULL,
  learning_rate REAL NOT NULL,
  tokens INTEGER NOT NULL,
  supervised_tokens INTEGER NOT NULL,
  step_seconds REAL NOT NULL,
  peak_memory_bytes INTEGER NOT NULL,
  PRIMARY KEY (run, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE evaluations (
  run INTEGER NOT NULL REFERENCES runs(key) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  eval_loss REAL NOT NULL,
  supervised_tokens INTEGER NOT NULL,
  PRIMARY KEY (run, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
  run INTEGER NOT NULL REFERENCES runs(key) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  final INTEGER NOT NULL,
  path TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  removed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (run, step, final)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  run INTEGER NOT NULL REFERENCES runs(key) ON DELETE CASCADE,
  sequence INTEGER NOT NULL,
  time INTEGER NOT NULL,
  type TEXT NOT NULL,
  payload TEXT NOT NULL,
  PRIMARY KEY (run, sequence)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER events_append_only BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;
`;
