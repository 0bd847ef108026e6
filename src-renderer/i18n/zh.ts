import type { Catalogue } from "./en.ts";
import { common } from "./zh/common.ts";
import { frame } from "./zh/frame.ts";

/** 简体中文; complete by type. */
export const zh: Catalogue = { common, frame };
