import type { Command } from "commander";
import { action, EXIT, integer, newCommand } from "./command.ts";
import type { CommonOptions } from "./command.ts";

interface ServeFlags extends CommonOptions {
  readonly port?: number;
  readonly host?: string;
}

/** `sift serve`: the workbench in a browser. */
export function serveCommand(): Command {
  const command = newCommand("serve")
    .description("serve the workbench to a browser; prints a URL with a token")
    .option("--port <n>", "port (default: any free one)", integer(0))
    .option("--host <address>", "address to listen on (default: loopback, this machine only)");
  return action<ServeFlags>(command, async ({ options, output }) => {
    const { serveWorkbench } = await import("./workbench.ts");
    const { home, host, port } = options;
    const { server, ownsHome, ended } = await serveWorkbench({ home, host, port, output });
    if (!ownsHome) output.notice("Another Sift holds this data home; its core is served.");
    output.result({ url: server.url, port: server.port, token: server.token }, () => server.url);
    output.notice("Ctrl-C ends it; a run that goes on is stopped then and can be resumed.");
    await ended;
    return EXIT.ok;
  });
}
