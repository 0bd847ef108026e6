import { SiftError, type ErrorReport } from "#shared/errors.ts";

/** A report that crossed a process or the database, as an error again. */
export function fromReport({ code, message, where, remedy }: ErrorReport): SiftError {
  return new SiftError(code, message, { ...(where ? { where } : {}), ...(remedy === undefined ? {} : { remedy }) });
}
