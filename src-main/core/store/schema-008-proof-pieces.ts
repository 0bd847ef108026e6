/** How long each row of a proof trains, packed as positions.ts does: what its packs are made of. Kept for the newest proofs only. */
export const SCHEMA_008_PROOF_PIECES = `
CREATE TABLE proof_pieces (
  proof INTEGER PRIMARY KEY REFERENCES proofs(key) ON DELETE CASCADE,
  pieces INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
`;
