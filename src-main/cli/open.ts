import type { Command } from "commander";
import { dataHome } from "../core/system/home.ts";
import { action, EXIT, UsageError } from "./command.ts";
import type { CommonOptions, ExitCode } from "./command.ts";
import { desktopBinary, hasScreen, runDesktop } from "./desktop-binary.ts";
import type { Output } from "./output.ts";

/** `sift` alone: the desktop window where there can be one, else the same workbench in the default browser. */
export function openCommand(program: Command): Command {
  program.argument("[command]");
  return action<CommonOptions>(program, async ({ options, args, output }) => {
    if (args[0] !== undefined) throw new UsageError(`unknown command '${args[0]}' (sift --help lists the commands)`);
    const binary = desktopBinary();
    if (binary.kind === "missing") return openInBrowser(options.home, binary.reason, output);
    const code = await runDesktop(binary.file, dataHome(options.home));
    return code === 0 ? EXIT.ok : EXIT.failed;
  });
}

async function openInBrowser(home: string | undefined, reason: string, output: Output): Promise<ExitCode> {
  const { serveWorkbench } = await import("./workbench.ts");
  const { server, ended } = await serveWorkbench({ home, output });
  output.notice(`No desktop window: ${reason}. The workbench is at this address:`);
  output.result({ url: server.url, port: server.port, token: server.token, reason }, () => server.url);
  if (hasScreen()) await openDefaultBrowser(server.url, output);
  await ended;
  return EXIT.ok;
}

async function openDefaultBrowser(url: string, output: Output): Promise<void> {
  const { default: open } = await import("open");
  const opener = await open(url).catch(() => undefined);
  opener?.on("error", () => output.notice("No browser could be started: open the address yourself."));
}
