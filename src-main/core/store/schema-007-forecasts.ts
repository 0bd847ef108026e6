/** What steps took when they were measured, by a hash of everything that decides it; and what each run was expected to take. */
export const SCHEMA_007_FORECASTS = `
CREATE TABLE measurements (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE run_forecasts (
  run INTEGER PRIMARY KEY REFERENCES runs(key) ON DELETE CASCADE,
  value TEXT NOT NULL
) STRICT;
`;
