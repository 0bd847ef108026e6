import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { webSocketChannel } from "#shared/contract/channel.ts";
import { connectSift } from "#shared/contract/client.ts";
import { newHome, startSift } from "./sift.ts";
import type { RunningSift } from "./sift.ts";

interface Served {
  readonly running: RunningSift;
  readonly port: number;
  readonly token: string;
}

async function serve(home: string): Promise<Served> {
  const running = startSift(["serve", "--json", "--home", home]);
  const line = await running.firstLine;
  if (line === "") throw new Error((await running.finished).stderr);
  return { running, ...(JSON.parse(line) as { port: number; token: string }) };
}

/** A page's client, with what it hears of its connection. */
function pageOf({ port, token }: Served) {
  return connectSift({
    open: async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/rpc?token=${token}`);
      await new Promise((resolve, reject) => {
        socket.addEventListener("open", resolve);
        socket.addEventListener("error", reject);
      });
      return webSocketChannel(socket);
    },
    delay: (milliseconds) => sleep(milliseconds),
  });
}

describe("a core that goes away", () => {
  test.each(["SIGTERM", "SIGKILL"] as const)("by %s is replaced by the process that was its client", async (signal) => {
    const home = await newHome();
    const first = await serve(home);
    const second = await serve(home);
    const page = pageOf(second);
    await page.client.system.settings.put({ theme: "dark" });
    const stream = await page.client.system.events();
    const lost = stream.next().then(
      () => "an event",
      () => "lost",
    );
    first.running.child.kill(signal);
    await first.running.finished;
    expect(await lost).toBe("lost");
    // a read that still meets the old connection is asked again on the next one
    expect(await page.client.system.settings.get()).toMatchObject({ theme: "dark" });
    const third = await serve(home); // the home has an owner again: this one becomes its client
    expect(await pageOf(third).client.system.info()).toMatchObject({ home });
    page.close();
    for (const { running } of [third, second]) {
      running.child.kill("SIGTERM");
      expect((await running.finished).code).toBe(0);
    }
  });
});
