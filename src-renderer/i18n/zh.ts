import type { Catalogue } from "./en.ts";
import { chat } from "./zh/chat.ts";
import { common } from "./zh/common.ts";
import { compare } from "./zh/compare.ts";
import { config } from "./zh/config.ts";
import { data } from "./zh/data.ts";
import { editor } from "./zh/editor.ts";
import { adapting, form } from "./zh/form.ts";
import { frame } from "./zh/frame.ts";
import { home } from "./zh/home.ts";
import { mask } from "./zh/mask.ts";
import { models } from "./zh/models.ts";
import { proof } from "./zh/proof.ts";
import { prepared } from "./zh/prepared.ts";
import { runs } from "./zh/runs.ts";
import { settings } from "./zh/settings.ts";
import { shared } from "./zh/shared.ts";
import { template } from "./zh/template.ts";
import { tokens } from "./zh/tokens.ts";
import { train } from "./zh/train.ts";
import { forecast } from "./zh/forecast.ts";
import { training } from "./zh/training.ts";
import { waivers } from "./zh/waivers.ts";

/** 简体中文; complete by type. */
export const zh: Catalogue = {
  common,
  frame,
  shared,
  home,
  data,
  prepared,
  template,
  editor,
  form,
  adapting,
  mask,
  proof,
  tokens,
  train,
  training,
  forecast,
  waivers,
  config,
  runs,
  compare,
  chat,
  models,
  settings,
};
