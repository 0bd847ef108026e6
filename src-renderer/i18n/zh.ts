import type { Catalogue } from "./en.ts";
import { common } from "./zh/common.ts";
import { data } from "./zh/data.ts";
import { frame } from "./zh/frame.ts";
import { home } from "./zh/home.ts";
import { shared } from "./zh/shared.ts";
import { template } from "./zh/template.ts";

/** 简体中文; complete by type. */
export const zh: Catalogue = { common, frame, shared, home, data, template };
