import { mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Channel } from "#shared/contract/channel.ts";
import { serveChannel } from "#main/core/serve/channel-server.ts";
import { startServer } from "#main/core/serve/http-server.ts";
import type { RunningServer } from "#main/core/serve/http-server.ts";
import { testRouter } from "./fixture.ts";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: RunningServer;
const router = testRouter({ produced: 0, returned: false, asked: [] });
const accept = (channel: Channel) => serveChannel(router, channel);
let cookie: string;

/** `fetch` normalises paths and forbids Host: a plain request sends exactly what an attacker would. */
function get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: "127.0.0.1", port: server.port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    request.on("error", reject);
    request.end();
  });
}

/** "open", or the status that refused the upgrade. */
function upgrade(path: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers });
    socket.on("open", () => {
      socket.terminate();
      resolve("open");
    });
    socket.on("error", (error) => resolve(/\d{3}/.exec(error.message)?.[0] ?? error.message));
  });
}

beforeAll(async () => {
  const home = await mkdtemp(join(tmpdir(), "sift 页 "));
  const assets = join(home, "renderer");
  await mkdir(join(assets, "assets"), { recursive: true });
  await writeFile(join(home, "secret.txt"), "secret");
  await writeFile(join(assets, "index.html"), "<!doctype html><title>Sift</title>");
  await writeFile(join(assets, "assets", "app-1a2b.js"), "export {};");
  await symlink(join(home, "secret.txt"), join(assets, "assets", "link.txt"));
  server = await startServer({ accept, assets });
  const entered = await get(`/?token=${server.token}`);
  cookie = entered.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
});
afterAll(() => server.close());

describe("token", () => {
  test("the printed address sets a cookie and drops the token from the address", async () => {
    const answer = await get(`/runs/7?tab=log&token=${server.token}`);
    expect(answer.status).toBe(302);
    expect(answer.headers.location).toBe("/runs/7?tab=log");
    expect(answer.headers["set-cookie"]?.[0]).toMatch(/HttpOnly; SameSite=Strict/);
  });
  test("without it nothing is served", async () => {
    expect((await get("/")).status).toBe(403);
    expect((await get("/assets/app-1a2b.js")).status).toBe(403);
    expect((await get("/?token=wrong", { cookie })).status).toBe(403);
    expect((await get("/", { cookie: `${cookie}x` })).status).toBe(403);
  });
  test("with the cookie the page and its files are", async () => {
    expect((await get("/", { cookie })).body).toContain("<title>Sift</title>");
    const script = await get("/assets/app-1a2b.js", { cookie });
    expect(script.headers["content-type"]).toMatch(/^text\/javascript/);
    expect(script.headers["cache-control"]).toContain("immutable");
  });
});

describe("files", () => {
  test("a deep link is the page, a missing file is not", async () => {
    expect((await get("/runs/run-12", { cookie })).body).toContain("<title>Sift</title>");
    expect((await get("/assets/missing.js", { cookie })).status).toBe(404);
  });
  test.each([
    "/../secret.txt",
    "/assets/../../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/assets/..%5c..%5csecret.txt",
    "/assets/%00.js",
    "/assets/link.txt",
    "/%E0%A4%A.js",
  ])("%s does not lead outside", async (path) => {
    const answer = await get(path, { cookie });
    expect(answer.status).not.toBe(200);
    expect(answer.body).not.toContain("secret");
  });
  test("only reading", async () => {
    expect((await get("/", { cookie }, "POST")).status).toBe(405);
    expect((await get("/", { cookie }, "HEAD")).body).toBe("");
  });
  test("the policy allows no inline script and no other site", async () => {
    const policy = (await get("/", { cookie })).headers["content-security-policy"];
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain(`connect-src 'self' ws://127.0.0.1:${server.port};`);
    expect(policy).not.toContain("script-src 'self' 'unsafe");
  });
});

describe("other sites", () => {
  test("a name that is not this machine's is refused (DNS rebinding)", async () => {
    expect((await get("/", { cookie, host: "evil.example" })).status).toBe(403);
    expect((await get("/", { cookie, host: `evil.example:${server.port}` })).status).toBe(403);
    expect((await get("/", { cookie, host: "192.168.1.5" })).status).toBe(403);
    expect((await get("/", { cookie, host: `localhost:${server.port}` })).status).toBe(200);
  });
  test("a WebSocket needs the token and our own origin", async () => {
    const origin = `http://127.0.0.1:${server.port}`;
    expect(await upgrade("/rpc", {})).toBe("403");
    expect(await upgrade("/rpc", { cookie, origin: "http://evil.example" })).toBe("403");
    expect(await upgrade("/rpc", { cookie, origin: "null" })).toBe("403");
    expect(await upgrade("/elsewhere", { cookie, origin })).toBe("403");
    expect(await upgrade("/rpc", { cookie, origin })).toBe("open");
    expect(await upgrade(`/rpc?token=${server.token}`, {})).toBe("open");
  });
  test("a message that is not RPC harms nobody", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/rpc?token=${server.token}`);
    await new Promise((resolve) => socket.on("open", resolve));
    for (const text of [
      "",
      "{",
      "[]",
      "null",
      '{"i":"1"}',
      '{"i":"2","p":{"u":"::"}}',
      '{"i":"3","t":9}',
      "+x",
      "+-1:0",
    ]) {
      socket.send(text);
    }
    socket.terminate();
    expect((await get("/", { cookie })).status).toBe(200);
  });
});

test("a taken port is named", async () => {
  const again = startServer({ accept, assets: ".", port: server.port });
  await expect(again).rejects.toMatchObject({ code: "cannot-listen" });
});
