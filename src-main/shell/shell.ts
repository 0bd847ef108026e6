import { app, dialog, Notification, powerSaveBlocker } from "electron";
import type { BrowserWindow } from "electron";
import { join } from "node:path";
import { startCore } from "./core-process.ts";
import type { CoreProcess } from "./core-process.ts";
import type { ActiveRun, ToShell } from "./core-protocol.ts";
import { textsFor } from "./texts.ts";
import { openWindow } from "./window.ts";

/** A run saves a checkpoint before it stops; a large model on a slow disk needs minutes, a hung core must not hold the window for ever. */
const SHUTDOWN_PATIENCE_MS = 180_000;

/** The desktop application: one core, one window, and the questions that only a window can ask. */
export class Shell {
  readonly #home: string;
  #core: CoreProcess;
  #window: BrowserWindow | undefined;
  #runs: readonly ActiveRun[] = [];
  #sleepBlock: number | undefined;
  #leaving: "no" | "asking" | "stopping" | "gone" = "no";

  constructor(home: string) {
    this.#home = home;
    this.#core = this.#startCore();
  }

  show(): void {
    if (this.#window) {
      if (this.#window.isMinimized()) this.#window.restore();
      this.#window.focus();
      return;
    }
    const window = openWindow(join(this.#home, "window", "window.json"));
    this.#window = window;
    window.on("close", (event) => {
      if (this.#leaving !== "gone") event.preventDefault();
      void this.leave();
    });
    window.on("closed", () => (this.#window = undefined));
  }

  get core(): CoreProcess {
    return this.#core;
  }
  get gone(): boolean {
    return this.#leaving === "gone";
  }

  /** Asks if a run goes on, then lets core stop and save, then quits. */
  async leave(): Promise<void> {
    if (this.#leaving !== "no") return;
    this.#leaving = "asking";
    if (this.#runs.length > 0 && !(await this.#mayStopRuns())) {
      this.#leaving = "no";
      return;
    }
    this.#leaving = "stopping";
    if (this.#runs.length > 0) this.#window?.setTitle(textsFor(app.getLocale()).stopping);
    await this.#coreStopped();
    this.#leaving = "gone";
    app.quit();
  }

  async #mayStopRuns(): Promise<boolean> {
    const texts = textsFor(app.getLocale());
    const question = {
      type: "question" as const,
      title: texts.quitTitle,
      message: texts.quitMessage(this.#runs.map(({ name }) => name).join(", ")),
      detail: texts.quitDetail,
      buttons: [texts.keepTraining, texts.stopAndQuit],
      defaultId: 0,
      cancelId: 0,
      noLink: true,
    };
    const { response } = await (this.#window
      ? dialog.showMessageBox(this.#window, question)
      : dialog.showMessageBox(question));
    return response === 1;
  }

  #coreStopped(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#core.kill(), SHUTDOWN_PATIENCE_MS);
      this.#core.onExit(() => {
        clearTimeout(timer);
        resolve();
      });
      this.#core.shutdown();
    });
  }

  #startCore(): CoreProcess {
    const core = startCore(this.#home);
    core.onMessage((message) => this.#hear(message));
    core.onExit(() => void this.#coreExited());
    return core;
  }

  #hear(message: ToShell): void {
    if (message.kind === "activity") this.#setRuns(message.runs);
    if (message.kind === "failed") {
      this.#leaving = "gone";
      dialog.showErrorBox(textsFor(app.getLocale()).coreFailed, `${message.message}\n${message.remedy}`);
      app.exit(1);
    }
    if (message.kind === "ended" && !this.#window?.isFocused() && Notification.isSupported()) {
      new Notification({ title: message.name, body: message.sentence }).show();
    }
  }

  /** The machine must not sleep while a run goes on; the screen may. */
  #setRuns(runs: readonly ActiveRun[]): void {
    this.#runs = runs;
    if (runs.length > 0) this.#sleepBlock ??= powerSaveBlocker.start("prevent-app-suspension");
    else if (this.#sleepBlock !== undefined) {
      powerSaveBlocker.stop(this.#sleepBlock);
      this.#sleepBlock = undefined;
    }
  }

  /** A core that dies by itself is said, and can be started again; the window and its page stay. */
  async #coreExited(): Promise<void> {
    this.#setRuns([]);
    if (this.#leaving === "stopping" || this.#leaving === "gone") return;
    const texts = textsFor(app.getLocale());
    const { response } = await dialog.showMessageBox({
      type: "error",
      title: texts.coreLost,
      message: texts.coreLost,
      detail: texts.coreLostDetail,
      buttons: [texts.restart, texts.quit],
    });
    if (response === 1) return app.exit(1);
    this.#core = this.#startCore();
    this.#window?.reload();
  }
}
