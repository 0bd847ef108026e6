import { chat } from "./en/chat.ts";
import { common } from "./en/common.ts";
import { compare } from "./en/compare.ts";
import { config } from "./en/config.ts";
import { data } from "./en/data.ts";
import { editor } from "./en/editor.ts";
import { adapting, form } from "./en/form.ts";
import { frame } from "./en/frame.ts";
import { home } from "./en/home.ts";
import { mask } from "./en/mask.ts";
import { models } from "./en/models.ts";
import { proof } from "./en/proof.ts";
import { prepared } from "./en/prepared.ts";
import { runs } from "./en/runs.ts";
import { settings } from "./en/settings.ts";
import { shared } from "./en/shared.ts";
import { template } from "./en/template.ts";
import { tokens } from "./en/tokens.ts";
import { train } from "./en/train.ts";
import { forecast } from "./en/forecast.ts";
import { training } from "./en/training.ts";
import { waivers } from "./en/waivers.ts";

/**
 * Every string that a person sees, in English. One file a view. A message with parameters is a function of them, so
 * that a missing or extra parameter is a type error; the type of this object is what every other language must satisfy.
 */
export const en = {
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

export type Catalogue = typeof en;
