/** Names of the few messages between preload and main. */
export const CHANNELS = {
  requestPort: "sift:request-port",
  port: "sift:port",
  pickPaths: "sift:pick-paths",
} as const;
