import { count } from "../plural.ts";

export const frame = {
  views: {
    home: "Home",
    data: "Data",
    template: "Template",
    train: "Train",
    runs: "Runs",
    models: "Models",
    chat: "Chat",
    compare: "Compare",
    settings: "Settings",
  },
  skip: "Skip to content",
  navigation: "Views",
  breadcrumb: "Where you are",
  project: "Project",
  defaultProject: "My project",
  projectNote: "Datasets, templates and runs are kept in",
  inspector: "Inspector",
  showInspector: "Show inspector",
  hideInspector: "Hide inspector",
  palette: "Command palette",
  paletteHint: "Search commands, datasets and runs",
  paletteEmpty: "Nothing matches.",
  groups: { go: "Go to", act: "Do", datasets: "Datasets", runs: "Runs" },
  actions: {
    import: "Import conversations…",
    sample: "Open the sample project",
    theme: "Switch between light and dark",
    language: "切换到中文",
    inspector: "Toggle the inspector",
  },
  status: "Status",
  idle: "Nothing is running",
  queue: (n: number) => `${grouped(n)} queued`,
  freeDisk: (size: string) => `${size} free on disk`,
  stop: "Stop",
  stopping: "Stopping…",
  connecting: "Connecting to the core…",
  lost: "The connection to the core was lost. Runs go on; this page reconnects by itself.",
  reconnect: "Reconnect now",
  notifications: "Notifications",
  dismiss: "Dismiss",
  running: (n: number) => count(n, "job running", "jobs running"),
  notBuilt: "This view could not be loaded",
};

function grouped(n: number): string {
  return new Intl.NumberFormat("en").format(n);
}
