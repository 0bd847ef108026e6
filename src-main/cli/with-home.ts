import type { SiftClient } from "#shared/contract/client.ts";

/** Runs something with the client of a data home, here or in the core that already holds it, and closes it afterwards. */
export async function withHome<T>(home: string | undefined, body: (client: SiftClient) => Promise<T>): Promise<T> {
  const { openHome } = await import("../core/serve/open-home.ts");
  const open = await openHome({ home });
  try {
    return await body(open.client);
  } finally {
    await open.close();
  }
}
