import type * as v from "valibot";
import { reportOf } from "#shared/contract/client.ts";
import type { errorReport } from "#shared/contract/common.ts";
import type { ErrorReport } from "#shared/errors.ts";

export { reportOf };

/** A report out of a reply, whose optional fields may be present and undefined, as the exact type. */
export function toReport(report: v.InferOutput<typeof errorReport>): ErrorReport {
  const { code, message, where, remedy } = report;
  const place = where && Object.fromEntries(Object.entries(where).filter(([, value]) => value !== undefined));
  return { code, message, ...(place ? { where: place } : {}), ...(remedy === undefined ? {} : { remedy }) };
}

export const isAbort = (error: unknown): boolean =>
  error instanceof DOMException ? error.name === "AbortError" : error instanceof Error && error.name === "AbortError";
