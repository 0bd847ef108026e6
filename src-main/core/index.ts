import { dataHome, prepareHome, type HomePaths } from "./system/home.ts";
import { takeLock } from "./system/lock.ts";
import { coreRouter, type CoreRouter } from "./rpc/router.ts";
import { Services } from "./services.ts";

export interface CoreOptions {
  /** Data home; left out: `$SIFT_HOME`, else the platform's data folder. */
  readonly home?: string | undefined;
  readonly clock?: () => number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** True in the desktop window. */
  readonly desktop?: boolean;
  /** False leaves queued runs where they are: a command that only reads must not start training. Default true. */
  readonly startQueue?: boolean;
}

/** An open core: the one writer of its data home. */
export interface Core {
  readonly paths: HomePaths;
  /** oRPC procedures for any transport. */
  readonly router: CoreRouter;
  readonly services: Services;
  /** Called with true when a run starts and false when none goes on any more. @returns how to stop listening */
  onBusyChange(listener: (busy: boolean) => void): () => void;
  /** Stops running work in an orderly way and gives the data home back. */
  close(): Promise<void>;
}

/**
 * Opens a data home: takes its lock, opens the database, tidies what a crash left behind.
 * @throws SiftError `home-in-use`, `database-newer`
 */
export async function openCore(options: CoreOptions = {}): Promise<Core> {
  const env = options.env ?? process.env;
  const paths = prepareHome(dataHome(options.home, env));
  const releaseLock = takeLock(paths.lock);
  try {
    const services = new Services({
      paths,
      clock: options.clock ?? Date.now,
      env,
      desktop: options.desktop ?? false,
    });
    await services.start({ startQueue: options.startQueue ?? true });
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => (closing ??= services.close().finally(releaseLock));
    return { paths, services, router: coreRouter(services), onBusyChange: services.onBusyChange.bind(services), close };
  } catch (error) {
    releaseLock();
    throw error;
  }
}
