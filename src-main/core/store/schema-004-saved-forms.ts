/** A saved template may be a form: its JSON stands beside the Jinja twin, which is then what `source` holds. */
export const SCHEMA_004_SAVED_FORMS = `
ALTER TABLE templates ADD COLUMN form TEXT;
ALTER TABLE template_versions ADD COLUMN form TEXT;
`;
