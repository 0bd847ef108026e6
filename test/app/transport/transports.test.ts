import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { STREAM_WINDOW } from "#shared/contract/channel.ts";
import { reportOf } from "#shared/contract/client.ts";
import { transports } from "./fixture.ts";
import type { Producer, Transport } from "./fixture.ts";

const page = { versionId: "v", offset: 0, limit: 20_000 };

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 5) {
    if (waited > 5000) throw new Error("the condition did not become true within 5 s");
    await sleep(5);
  }
}

describe.each(Object.entries(transports))("over a %s", (_, start) => {
  let producer: Producer;
  let transport: Transport;

  beforeEach(async () => {
    producer = { produced: 0, returned: false, asked: [] };
    transport = await start(producer);
  });
  afterEach(() => transport.close());

  test("answers with 20,000 rows, whole and in order", async () => {
    const { rows, total } = await transport.connection.client.datasets.rows(page);
    expect(total).toBe(20_000);
    expect(rows).toHaveLength(20_000);
    expect(rows.every((row, index) => row.index === index)).toBe(true);
    expect(rows[19_999]?.title).toContain("第 19999 行");
  });

  test("calls answer while a stream is open", async () => {
    const stream = await transport.connection.client.system.events();
    await stream.next();
    const { rows } = await transport.connection.client.datasets.rows({ ...page, limit: 3 });
    expect(rows).toHaveLength(3);
    await stream.return?.();
  });

  test("leaving a stream ends its producer", async () => {
    const seen: string[] = [];
    for await (const event of await transport.connection.client.system.events()) {
      if (event.type === "runs") seen.push(event.runId);
      if (seen.length === 5) break;
    }
    expect(seen).toEqual(["0", "1", "2", "3", "4"]);
    await until(() => producer.returned);
  });

  test("aborting a call's signal ends its producer", async () => {
    const controller = new AbortController();
    const stream = await transport.connection.client.system.events(undefined, { signal: controller.signal });
    await stream.next();
    controller.abort();
    await until(() => producer.returned);
    await expect(stream.next()).rejects.toThrow();
  });

  test("aborting a stream that waits for a slow reader ends its producer", async () => {
    const controller = new AbortController();
    await transport.connection.client.system.events(undefined, { signal: controller.signal });
    await until(() => producer.produced >= STREAM_WINDOW - 1);
    await sleep(50);
    controller.abort();
    await until(() => producer.returned);
  });

  test("a slow reader holds the producer back and loses nothing", async () => {
    const stream = await transport.connection.client.system.events();
    await stream.next();
    await sleep(300);
    expect(producer.produced).toBeLessThanOrEqual(STREAM_WINDOW + 1);
    const seen: number[] = [];
    for (let read = 1; read < 4 * STREAM_WINDOW; read++) {
      const result = await stream.next();
      if (!result.done && result.value.type === "runs") seen.push(Number(result.value.runId));
      expect(producer.produced - read).toBeLessThanOrEqual(STREAM_WINDOW + 1);
      if (read % 50 === 0) await sleep(30);
    }
    expect(seen).toEqual(Array.from({ length: 4 * STREAM_WINDOW - 1 }, (__, index) => index + 1));
    await stream.return?.();
  });

  test("an error carries core's report", async () => {
    const error = await transport.connection.client.datasets.rows({ ...page, versionId: "missing" }).catch(reportOf);
    expect(error).toEqual({ code: "no-such-version", message: "There is no version missing.", remedy: "Import it." });
  });

  test("an input that breaks the schema is refused, not run", async () => {
    const error = await transport.connection.client.datasets.rows({ ...page, limit: 20_001 }).catch(reportOf);
    expect(error).toMatchObject({ code: "bad-request" });
  });

  test("a lost line fails what is under way, ends the producer, and later calls get through", async () => {
    const stream = await transport.connection.client.system.events();
    await stream.next();
    transport.cut();
    const drained = (async () => {
      for (;;) await stream.next();
    })();
    await expect(drained).rejects.toMatchObject({ code: "connection-lost" });
    await until(() => producer.returned);
    const { rows } = await transport.connection.client.datasets.rows({ ...page, limit: 2 });
    expect(rows).toHaveLength(2);
  });

  test("a read that meets the end of its line is asked again, a change is not", async () => {
    const { datasets } = transport.connection.client;
    const read = datasets.rows({ ...page, versionId: "slow", limit: 2 });
    const change = datasets.remove({ datasetId: "d" }).catch(reportOf);
    await until(() => producer.asked.length === 2);
    transport.cut();
    expect((await read).rows).toHaveLength(2);
    expect(await change).toMatchObject({ code: "connection-lost" });
    expect(producer.asked).toEqual(["rows", "remove", "rows"]);
  });

  test("a read that loses its line each time fails in the end", async () => {
    const read = transport.connection.client.datasets.rows({ ...page, versionId: "slow", limit: 2 }).catch(reportOf);
    for (const sent of [1, 2, 3]) {
      await until(() => producer.asked.length === sent);
      transport.cut();
    }
    expect(await read).toMatchObject({ code: "connection-lost" });
    expect(producer.asked).toHaveLength(3);
  });
});
