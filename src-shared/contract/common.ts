import { oc } from "@orpc/contract";
import * as v from "valibot";

export const errorPlace = v.object({
  file: v.exactOptional(v.string()),
  line: v.exactOptional(v.number()),
  column: v.exactOptional(v.number()),
  row: v.exactOptional(v.number()),
  what: v.exactOptional(v.string()),
});

/** `ErrorReport` of src-shared/errors.ts, as it crosses a process boundary. */
export const errorReport = v.object({
  code: v.string(),
  message: v.string(),
  where: v.exactOptional(errorPlace),
  remedy: v.exactOptional(v.string()),
});

interface ProcedureMeta {
  /** Changes nothing, so that a client whose line was lost may ask it again. */
  readonly reads?: boolean;
}

/** Every procedure may answer with this error; `data` is what the user is shown. */
export const procedure = oc
  .$meta<ProcedureMeta>({})
  .errors({ SIFT: { message: "The request failed", data: errorReport } });
/** A procedure that only reads. */
export const read = procedure.meta({ reads: true });

export const id = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
export const path = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));
/** Milliseconds since the epoch. */
export const timestamp = v.number();
export const hash = v.string();
export const empty = v.optional(v.object({}));
/** A page of a list: rows are small, so that 20,000 of them fit one reply. */
export const MAX_PAGE = 20_000;
export const page = {
  offset: v.pipe(v.number(), v.integer(), v.minValue(0)),
  limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_PAGE)),
};
