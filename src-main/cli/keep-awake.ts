import { spawn } from "node:child_process";

/** Asks Windows to stay awake until its input ends (ES_CONTINUOUS | ES_SYSTEM_REQUIRED). */
const WINDOWS_SCRIPT = [
  `$member = '[DllImport("kernel32.dll")] public static extern uint SetThreadExecutionState(uint flags);'`,
  "$power = Add-Type -MemberDefinition $member -Name Power -Namespace Sift -PassThru",
  "$power::SetThreadExecutionState([uint32]'0x80000001') | Out-Null",
  "[Console]::In.ReadToEnd() | Out-Null",
].join("; ");

/** The platform's own tool. Each holds the machine awake until its input closes, so that it cannot outlive us. */
function tool(): readonly [string, readonly string[]] {
  switch (process.platform) {
    case "darwin":
      return ["caffeinate", ["-i", "cat"]];
    case "win32":
      return ["powershell.exe", ["-NoProfile", "-Command", WINDOWS_SCRIPT]];
    default:
      return ["systemd-inhibit", ["--what=sleep:idle", "--who=Sift", "--why=A training run is going on", "cat"]];
  }
}

export interface KeepAwakeOptions {
  /** Told once, if the machine may sleep all the same. */
  readonly onUnavailable: (reason: string) => void;
}

/** Keeps the machine awake while it is on; best effort, and said when it does not work. */
export class KeepAwake {
  readonly #options: KeepAwakeOptions;
  #release: (() => void) | undefined;
  #told = false;

  constructor(options: KeepAwakeOptions) {
    this.#options = options;
  }

  set(on: boolean): void {
    if (!on) this.#release?.();
    if (!on) this.#release = undefined;
    else this.#release ??= this.#hold();
  }

  #hold(): () => void {
    const [command, args] = tool();
    const child = spawn(command, args, { stdio: ["pipe", "ignore", "ignore"] });
    let released = false;
    const unavailable = (reason: string) => {
      if (released || this.#told) return;
      this.#told = true;
      this.#options.onUnavailable(`The machine may fall asleep during a run: ${command} ${reason}.`);
    };
    child.stdin.on("error", () => undefined);
    child.on("error", () => unavailable("is not there"));
    child.on("exit", (code) => unavailable(`ended with ${code ?? "a signal"}`));
    child.unref();
    return () => {
      released = true;
      child.stdin.end();
    };
  }
}
