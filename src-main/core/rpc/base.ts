import { implement, ORPCError } from "@orpc/server";
import { contract } from "#shared/contract/index.ts";
import { SiftError, toErrorReport } from "#shared/errors.ts";

/** An error as the contract's SIFT error; oRPC's own (bad input) pass as they are. */
export function toContractError(error: unknown): unknown {
  if (error instanceof ORPCError) return error;
  const data = toErrorReport(error);
  return new ORPCError("SIFT", { message: data.message, data });
}

/** Every procedure of the contract, with errors mapped on the way out. */
export const procedures = implement(contract).use(async ({ next }) => {
  try {
    return await next();
  } catch (error) {
    throw toContractError(error);
  }
});

/** The same mapping for errors while a stream goes on. */
export async function* mapStreamErrors<T>(stream: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* stream;
  } catch (error) {
    throw toContractError(error);
  }
}

/** For procedures whose service is not there yet. */
export function notImplemented(what: string): never {
  throw new SiftError("not-implemented", `${what} is not implemented yet`);
}
