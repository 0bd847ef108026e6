import type { MessagePortLike } from "./channel.ts";

/** File kinds that the native dialog filters by; names are shown by the caller in its own language. */
export interface FileDialogOptions {
  readonly title: string;
  readonly kind: "files" | "folder";
  readonly filters: readonly { readonly name: string; readonly extensions: readonly string[] }[];
}

/**
 * What the desktop window adds to a page, as `window.sift`: the contract's port, native paths, nothing else.
 * The renderer asks for a port with `requestPort()` and receives it as a `message` event on `window` with
 * `event.data === PORT_MESSAGE` and `event.ports[0]`.
 */
export interface DesktopBridge {
  requestPort(): void;
  /** Paths that were picked; empty when the dialog was dismissed. */
  pickPaths(options: FileDialogOptions): Promise<string[]>;
  /** The path of a file that was dropped into the window; empty for a file that has none. */
  pathForFile(file: object): string;
}

export const PORT_MESSAGE = "sift:port";
export const BRIDGE_NAME = "sift";
export type ContractPort = MessagePortLike;
