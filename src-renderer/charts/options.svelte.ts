import * as v from "valibot";
import { Stored } from "../state/stored.svelte.ts";

const schema = v.object({ smoothing: v.pipe(v.number(), v.minValue(0), v.maxValue(0.99)), logarithmic: v.boolean() });

/** How loss curves are drawn, on every page that has some; kept over a reload. */
export const chartOptions = new Stored("charts", schema, { smoothing: 0, logarithmic: false });
