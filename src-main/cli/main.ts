import { CommanderError } from "commander";
import { EXIT, UsageError } from "./command.ts";
import { endQuietlyOnClosedPipe } from "./output.ts";
import { buildProgram } from "./program.ts";

/** `--max-length` is what many type for `--max_length`; the names of the configuration have underscores. */
function underscored(argument: string): string {
  const match = /^--([a-z][a-z0-9-]*)(=.*)?$/s.exec(argument);
  return match ? `--${match[1]?.replaceAll("-", "_")}${match[2] ?? ""}` : argument;
}

async function main(argv: readonly string[]): Promise<void> {
  endQuietlyOnClosedPipe();
  try {
    await buildProgram().parseAsync(argv.map(underscored), { from: "user" });
  } catch (error) {
    process.exitCode = usageExit(error);
  }
  await flushed();
  process.exit();
}

/** Commander has printed its message already; help and version end well. */
function usageExit(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof UsageError) {
    process.stderr.write(`error: ${error.message}\n`);
    return EXIT.usage;
  }
  throw error;
}

/** What was written to a pipe may still be on its way. */
function flushed(): Promise<void> {
  return new Promise((resolve) => process.stdout.write("", () => resolve()));
}

void main(process.argv.slice(2));
