import { Command } from "commander";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { applicationRoot } from "../entries.ts";
import { withCommonOptions } from "./command.ts";
import { addTokensCommand } from "./add-tokens.ts";
import { auditCommand } from "./audit.ts";
import { compareCommand } from "./compare.ts";
import { doctorCommand } from "./doctor.ts";
import { encodeCommand } from "./encode.ts";
import { exportCommand } from "./export.ts";
import { generateCommand } from "./generate.ts";
import { importCommand } from "./import.ts";
import { openCommand } from "./open.ts";
import { proveCommand } from "./prove.ts";
import { runsCommand } from "./runs.ts";
import { serveCommand } from "./serve.ts";
import { trainCommand } from "./train.ts";

/** All commands; without one the workbench opens. */
export function buildProgram(): Command {
  const program = withCommonOptions(new Command("sift"))
    .description("A workbench for supervised fine-tuning of language models.")
    .version(version(), "-V, --version")
    .usage("[command] [options]")
    .enablePositionalOptions()
    .showHelpAfterError("(sift --help lists the commands)")
    .exitOverride();
  openCommand(program);
  const commands = [
    serveCommand(),
    importCommand(),
    encodeCommand(),
    proveCommand(),
    auditCommand(),
    trainCommand(),
    generateCommand(),
    runsCommand(),
    compareCommand(),
    exportCommand(),
    addTokensCommand(),
    doctorCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  return program;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(applicationRoot, "package.json"), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "";
}
