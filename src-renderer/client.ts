import { messagePortChannel, webSocketChannel, type Channel } from "#shared/contract/channel.ts";
import { connectSift, type ConnectionStatus, type SiftClient } from "#shared/contract/client.ts";
import { PORT_MESSAGE, type DesktopBridge } from "#shared/contract/desktop.ts";

declare global {
  interface Window {
    /** Set by the preload script of the desktop window; absent in a browser. */
    readonly sift?: DesktopBridge;
  }
}

export const desktop = (): DesktopBridge | undefined => window.sift;

/** The address carries no secret: `sift serve` has moved its token into a cookie by the time this page runs. */
function openSocket(): Promise<Channel> {
  const scheme = window.location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${window.location.host}/rpc`);
  return new Promise((resolve, reject) => {
    socket.addEventListener("open", () => resolve(webSocketChannel(socket)));
    socket.addEventListener("error", () => reject(new Error("the core did not answer")));
  });
}

function openPort(bridge: DesktopBridge): Promise<Channel> {
  return new Promise((resolve) => {
    const receive = (event: MessageEvent): void => {
      const port = event.data === PORT_MESSAGE ? event.ports[0] : undefined;
      if (!port) return;
      window.removeEventListener("message", receive);
      resolve(messagePortChannel(port));
    };
    window.addEventListener("message", receive);
    bridge.requestPort();
  });
}

const listeners = new Set<(status: ConnectionStatus) => void>();
export const onConnectionStatus = (listener: (status: ConnectionStatus) => void): void => void listeners.add(listener);

let skipWait: (() => void) | undefined;
/** Tries to reconnect now instead of after the current pause. */
export const reconnectNow = (): void => skipWait?.();

const connection = connectSift({
  open: () => {
    const bridge = desktop();
    return bridge ? openPort(bridge) : openSocket();
  },
  delay: (milliseconds) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      skipWait = () => {
        clearTimeout(timer);
        resolve();
      };
    }),
  onStatus: (status) => {
    for (const listener of listeners) listener(status);
  },
});

/** Core, as the contract names it. What a call throws becomes readable through `reportOf`. */
export const core: SiftClient = connection.client;
