import { contextBridge, ipcRenderer, webUtils } from "electron";
import { BRIDGE_NAME, PORT_MESSAGE } from "#shared/contract/desktop.ts";
import type { DesktopBridge } from "#shared/contract/desktop.ts";
import { CHANNELS } from "./channels.ts";

/** The little of the page's global that is used here (the Node side of the program is compiled without the DOM's types). */
declare const window: {
  readonly location: { readonly origin: string };
  postMessage(message: string, targetOrigin: string, ports: readonly object[]): void;
};

/** Electron before 32 puts the path on the File itself. */
interface FileWithPath {
  readonly path?: unknown;
}

function pathForFile(file: object): string {
  if (!(file instanceof File)) return "";
  const current: typeof webUtils | undefined = webUtils;
  if (current) return current.getPathForFile(file);
  const { path } = file as FileWithPath;
  return typeof path === "string" ? path : "";
}

const bridge: DesktopBridge = {
  requestPort: () => ipcRenderer.send(CHANNELS.requestPort),
  pickPaths: async (options) => {
    const paths: unknown = await ipcRenderer.invoke(CHANNELS.pickPaths, options);
    return Array.isArray(paths) ? paths.filter((path) => typeof path === "string") : [];
  },
  pathForFile,
};

contextBridge.exposeInMainWorld(BRIDGE_NAME, bridge);

ipcRenderer.on(CHANNELS.port, (event) => {
  window.postMessage(
    PORT_MESSAGE,
    window.location.origin,
    Array.from(event.ports, (port: object) => port),
  );
});
