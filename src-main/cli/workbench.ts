import { existsSync } from "node:fs";
import { join } from "node:path";
import { SiftError } from "#shared/errors.ts";
import { followActivity } from "../core/serve/activity.ts";
import { startServer } from "../core/serve/http-server.ts";
import type { RunningServer } from "../core/serve/http-server.ts";
import { openHome } from "../core/serve/open-home.ts";
import { rendererFolder } from "../entries.ts";
import { KeepAwake } from "./keep-awake.ts";
import type { Output } from "./output.ts";

export interface WorkbenchOptions {
  readonly home?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly output: Output;
}

export interface Workbench {
  readonly server: RunningServer;
  /** False when another process of ours holds the home and this one only serves it. */
  readonly ownsHome: boolean;
  /** Resolves once a signal has ended it and everything is closed. */
  readonly ended: Promise<void>;
}

/** Serves the workbench to browsers until SIGINT or SIGTERM. */
export async function serveWorkbench({ home: folder, host, port, output }: WorkbenchOptions): Promise<Workbench> {
  const assets = rendererFolder();
  if (!existsSync(join(assets, "index.html"))) {
    throw new SiftError("page-missing", "The workbench's page is not built.", {
      where: { file: assets },
      remedy: "Build it with `npm run build`.",
    });
  }
  const home = await openHome({ home: folder });
  const server = await startServer({
    accept: (channel) => home.accept(channel),
    assets,
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
  }).catch(async (error: unknown) => {
    await home.close();
    throw error;
  });
  const following = new AbortController();
  const awake = new KeepAwake({ onUnavailable: (reason) => output.notice(reason) });
  const changed = (runs: readonly unknown[]) => awake.set(runs.length > 0);
  void followActivity(home.client, { changed }, following.signal);
  const ended = signalled().then(async () => {
    following.abort();
    awake.set(false);
    await server.close();
    await home.close();
  });
  return { server, ownsHome: home.owned, ended };
}

/** The first SIGINT or SIGTERM. A second one ends at once. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    const handle = () => {
      if (seen++ > 0) process.exit(1);
      resolve();
    };
    process.on("SIGINT", handle);
    process.on("SIGTERM", handle);
  });
}
