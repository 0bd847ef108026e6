import { SiftError } from "#shared/errors.ts";
import type * as v from "valibot";
import type { errorReport } from "#shared/contract/common.ts";

/** A report that crossed a process or the database, as an error again. */
export function fromReport({ code, message, where, remedy }: v.InferOutput<typeof errorReport>): SiftError {
  const known = Object.fromEntries(Object.entries(where ?? {}).filter(([, value]) => value !== undefined));
  return new SiftError(code, message, {
    ...(where ? { where: known } : {}),
    ...(remedy === undefined ? {} : { remedy }),
  });
}
