import { app, protocol } from "electron";
import { readFile } from "node:fs/promises";
import { contentPolicy, SAFETY_HEADERS } from "../content-policy.ts";
import { staticFile } from "../static-files.ts";

/** A standard, secure scheme: the page has a real origin, so that its policy means something, and no server is needed. */
export const APP_SCHEME = "app";
export const APP_ORIGIN = `${APP_SCHEME}://sift`;

/** Must run before the application is ready. */
export function declareAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer<ArrayBuffer>;
}

async function answer(folder: string, address: string): Promise<Answer> {
  const url = new URL(address);
  const found = url.host === "sift" ? await staticFile(folder, url.pathname) : undefined;
  if (!found) return { status: 404, type: "text/plain", body: Buffer.from("Not found\n") };
  return { status: 200, type: found.type, body: Buffer.from(await readFile(found.file)) };
}

const headersFor = (type: string): Record<string, string> => ({
  ...SAFETY_HEADERS,
  "Content-Type": type,
  "Content-Security-Policy": contentPolicy(),
});

/** Serves the built page under `app://sift/`. `protocol.handle` came with Electron 25. */
export async function serveAppScheme(folder: string): Promise<void> {
  await app.whenReady();
  if ("handle" in protocol) {
    protocol.handle(APP_SCHEME, async (request) => {
      const { status, type, body } = await answer(folder, request.url);
      return new Response(body, { status, headers: headersFor(type) });
    });
    return;
  }
  (protocol as Electron.Protocol).registerBufferProtocol(APP_SCHEME, (request, callback) => {
    answer(folder, request.url).then(
      ({ status, type, body }) => callback({ statusCode: status, headers: headersFor(type), data: body }),
      () => callback({ statusCode: 500, data: Buffer.from("Internal error\n") }),
    );
  });
}
