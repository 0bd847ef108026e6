import { Command, InvalidArgumentError } from "commander";
import { toErrorReport } from "#shared/errors.ts";
import { reportOf } from "#shared/contract/client.ts";
import { Output } from "./output.ts";

/** What the process ends with. */
export const EXIT = { ok: 0, failed: 1, usage: 2, stopped: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface CommonOptions {
  readonly json?: boolean;
  readonly home?: string;
}

/** A command with the options that all of them take. */
export function newCommand(name: string): Command {
  return withCommonOptions(new Command(name)).showHelpAfterError(`(sift ${name} --help explains it)`).exitOverride();
}

export function withCommonOptions(command: Command): Command {
  return command
    .option("--json", "print results as JSON")
    .option("--home <dir>", "data home (default: $SIFT_HOME, else the platform's data folder)");
}

export interface ActionContext<Options extends CommonOptions> {
  readonly options: Options;
  readonly args: readonly string[];
  readonly output: Output;
}

/** Runs a command's body and turns what it returns or throws into output and exit code. */
export function action<Options extends CommonOptions>(
  command: Command,
  body: (context: ActionContext<Options>) => Promise<ExitCode>,
  onError: ExitCode = EXIT.failed,
): Command {
  return command.action(async () => {
    const options = command.optsWithGlobals<Options>();
    const output = new Output(options.json ?? false);
    try {
      process.exitCode = await body({ options, args: command.args, output });
    } catch (error) {
      if (error instanceof UsageError) throw error;
      output.failure(error instanceof Error && error.name === "SiftError" ? toErrorReport(error) : reportOf(error));
      process.exitCode = onError;
    }
  });
}

/** Wrong usage that commander cannot see by itself: ends with 2 and the command's usage line. */
export class UsageError extends Error {}

/** A flag's whole number, at least `least`. */
export const integer =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`expected a whole number of at least ${least}.`);
    }
    return value;
  };

/** A flag's number in a range, both ends included. */
export const decimal =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= least && value <= most)) {
      throw new InvalidArgumentError(`expected a number from ${least} to ${most}.`);
    }
    return value;
  };
