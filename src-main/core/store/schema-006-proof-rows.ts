/** Every row of each class of a proof's findings: positions in ascending order, packed as positions.ts does. */
export const SCHEMA_006_PROOF_ROWS = `
CREATE TABLE proof_rows (
  proof INTEGER NOT NULL REFERENCES proofs(key) ON DELETE CASCADE,
  class TEXT NOT NULL,
  positions BLOB NOT NULL,
  PRIMARY KEY (proof, class)
) STRICT, WITHOUT ROWID;
`;
