import { SCHEMA_001 } from "./schema-001.ts";
import { SCHEMA_002_PAINT } from "./schema-002-paint.ts";
import { SCHEMA_003_TEMPLATES } from "./schema-003-templates.ts";
import { SCHEMA_004_SAVED_FORMS } from "./schema-004-saved-forms.ts";
import { SCHEMA_005_WAIVERS } from "./schema-005-waivers.ts";
import { SCHEMA_006_PROOF_ROWS } from "./schema-006-proof-rows.ts";
import { SCHEMA_007_FORECASTS } from "./schema-007-forecasts.ts";
import { SCHEMA_008_PROOF_PIECES } from "./schema-008-proof-pieces.ts";

/** Append only: a released migration is never edited. Entry i takes a database from version i to i + 1. */
export const MIGRATIONS: readonly string[] = [
  SCHEMA_001,
  SCHEMA_002_PAINT,
  SCHEMA_003_TEMPLATES,
  SCHEMA_004_SAVED_FORMS,
  SCHEMA_005_WAIVERS,
  SCHEMA_006_PROOF_ROWS,
  SCHEMA_007_FORECASTS,
  SCHEMA_008_PROOF_PIECES,
];
