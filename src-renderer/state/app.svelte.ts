import type { RunSummary } from "#shared/contract/runs.ts";
import type { Settings, SystemInfo } from "#shared/contract/system.ts";
import { core } from "../client.ts";
import { i18n } from "../i18n/i18n.svelte.ts";
import { always, useQuery, type Query } from "./query.svelte.ts";

const INFO_REFRESH_MS = 30_000;
const ACTIVE = new Set(["running", "stopping"]);

/** What the frame shows wherever the user is: machine, runs, settings. Made once, by App. */
export class AppState {
  readonly info: Query<SystemInfo>;
  readonly runs: Query<RunSummary[]>;
  readonly settings: Query<Settings>;

  constructor() {
    this.info = useQuery(always, (_, signal) => core.system.info({}, { signal }), { topics: ["runs"] });
    this.runs = useQuery(always, (_, signal) => core.runs.list({}, { signal }), { topics: ["runs"] });
    this.settings = useQuery(always, (_, signal) => core.system.settings.get({}, { signal }), { topics: ["settings"] });
    $effect(() => {
      const timer = setInterval(() => this.info.reload(), INFO_REFRESH_MS);
      return () => clearInterval(timer);
    });
    $effect(() => {
      const settings = this.settings.data;
      if (settings) applyAppearance(settings);
    });
  }

  get activeRun(): RunSummary | undefined {
    return this.runs.data?.find((run) => ACTIVE.has(run.state));
  }

  get queued(): number {
    return this.runs.data?.filter((run) => run.state === "queued").length ?? 0;
  }

  async change(settings: Partial<Settings>): Promise<void> {
    this.settings.set(await core.system.settings.put(settings));
  }
}

function applyAppearance(settings: Settings): void {
  i18n.use(settings.language);
  localStorage.setItem("sift.appearance", JSON.stringify({ theme: settings.theme, language: settings.language }));
  applyTheme(settings.theme);
}

const dark = (): MediaQueryList => window.matchMedia("(prefers-color-scheme: dark)");

/** Sets `data-theme`, which the tokens follow; "system" goes on following the system. */
export function applyTheme(theme: Settings["theme"]): void {
  document.documentElement.dataset["themeChoice"] = theme;
  document.documentElement.dataset["theme"] = theme === "system" ? (dark().matches ? "dark" : "light") : theme;
}

/** Before core answers: the appearance of last time, so that nothing flashes. */
export function applyRememberedAppearance(): void {
  dark().addEventListener("change", () => {
    if (document.documentElement.dataset["themeChoice"] === "system") applyTheme("system");
  });
  const text = localStorage.getItem("sift.appearance") ?? "{}";
  const theme = /"theme":"(light|dark|system)"/.exec(text)?.[1];
  const language = /"language":"(en|zh|system)"/.exec(text)?.[1];
  applyTheme(theme === "light" || theme === "dark" ? theme : "system");
  i18n.use(language === "en" || language === "zh" ? language : "system");
}
