import type { Component } from "svelte";
import type { View } from "../state/router.svelte.ts";

type Loader = () => Promise<{ default: Component }>;

/** One entry a view, loaded when it is first opened. */
export const VIEW_LOADERS: Record<View, Loader> = {
  home: () => import("./home/Home.svelte"),
  data: () => import("./data/Data.svelte"),
  template: () => import("./template/TemplateView.svelte"),
  train: () => import("./train/Train.svelte"),
  runs: () => import("./runs/Runs.svelte"),
  models: () => import("./models/Models.svelte"),
  chat: () => import("./chat/Chat.svelte"),
  compare: () => import("./compare/Compare.svelte"),
  settings: () => import("./settings/Settings.svelte"),
};
