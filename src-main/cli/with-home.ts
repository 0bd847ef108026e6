import type { SiftClient } from "#shared/contract/client.ts";

interface HomeUse {
  readonly home?: string | undefined;
  /** True for a command that trains; others leave queued runs alone. */
  readonly trains?: boolean;
}

/** Runs something with the client of a data home, here or in the core that already holds it, and closes it afterwards. */
export async function withHome<T>(use: HomeUse, body: (client: SiftClient) => Promise<T>): Promise<T> {
  const { openHome } = await import("../core/serve/open-home.ts");
  const open = await openHome({ home: use.home, startQueue: use.trains ?? false });
  try {
    return await body(open.client);
  } finally {
    await open.close();
  }
}
