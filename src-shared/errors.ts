/** Where an error happened; every field that is known is filled, so that the user can go there. */
export interface ErrorPlace {
  readonly file?: string;
  /** 1-based line in `file`. */
  readonly line?: number;
  /** 1-based column in `line`. */
  readonly column?: number;
  /** 0-based row of the dataset. */
  readonly row?: number;
  /** Configuration key, graph operation, tensor name or similar. */
  readonly what?: string;
}

export interface ErrorReport {
  /** Stable, kebab-case, for tests and translations. */
  readonly code: string;
  /** What was expected and what came, one or two sentences. */
  readonly message: string;
  readonly where?: ErrorPlace;
  /** What the user can do about it. */
  readonly remedy?: string;
}

/** The one error class that users see: what, where, and what to do. */
export class SiftError extends Error implements ErrorReport {
  readonly code: string;
  readonly where?: ErrorPlace;
  readonly remedy?: string;

  constructor(code: string, message: string, options: { where?: ErrorPlace; remedy?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "SiftError";
    this.code = code;
    if (options.where !== undefined) this.where = options.where;
    if (options.remedy !== undefined) this.remedy = options.remedy;
  }
}

/** `file:line:column (row n, what)`, leaving out what is unknown; empty when nothing is known. */
export function formatPlace(where: ErrorPlace | undefined): string {
  if (!where) return "";
  const position = [where.file, where.line, where.column].filter((part) => part !== undefined).join(":");
  const details = [where.row === undefined ? undefined : `row ${where.row}`, where.what].filter((d) => d !== undefined);
  if (details.length === 0) return position;
  return position === "" ? details.join(", ") : `${position} (${details.join(", ")})`;
}

/** Any thrown value as a report that can cross a process boundary. */
export function toErrorReport(error: unknown): ErrorReport {
  if (error instanceof SiftError) {
    const { code, message, where, remedy } = error;
    return { code, message, ...(where ? { where } : {}), ...(remedy === undefined ? {} : { remedy }) };
  }
  return { code: "internal", message: error instanceof Error ? error.message : String(error) };
}

/** One line for a terminal: message, place, remedy. */
export function formatError(report: ErrorReport): string {
  const place = formatPlace(report.where);
  return [`${report.code}: ${report.message}`, place && `at ${place}`, report.remedy].filter(Boolean).join(" · ");
}
