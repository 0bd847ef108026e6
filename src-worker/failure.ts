import { SiftError } from "#shared/errors.ts";

const OUT_OF_MEMORY =
  /bad_?\s?alloc|out of memory|failed to allocate|cannot allocate|array buffer allocation failed|heap out of memory/i;

/** What an engine or the system threw, as something that a person understands; our own errors are so already. */
export function describeFailure(error: unknown): unknown {
  if (error instanceof SiftError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (!OUT_OF_MEMORY.test(message)) return error;
  return new SiftError("out-of-memory", `the machine's memory did not suffice: ${message}`, {
    remedy: "Lower max_length or per_device_train_batch_size, or use a smaller model",
    cause: error,
  });
}
