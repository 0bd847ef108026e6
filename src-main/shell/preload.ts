import { contextBridge } from "electron";

contextBridge.exposeInMainWorld("sift", {});
