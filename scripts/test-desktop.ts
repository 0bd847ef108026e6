import { join, resolve } from "node:path";
import { prepareDisplay, startScreen } from "./desktop/display.ts";
import { prepareElectron } from "./desktop/electron.ts";
import { runWith } from "./desktop/run.ts";

/** `npm run test:desktop`: a real Electron, a screen where there is none, and the tests of test/desktop in it. */
const root = resolve(import.meta.dirname, "..");
const electron = prepareElectron();
console.log(`Electron ${electron.version} from ${electron.origin}`);
prepareDisplay(electron.executable);

const screen = process.platform === "linux" ? await startScreen() : undefined;
try {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const args = [vitest, "run", "--config", join(root, "test", "desktop", "vitest.config.ts"), ...process.argv.slice(2)];
  process.exitCode = await runWith(process.execPath, args, {
    SIFT_TEST_ELECTRON: electron.executable,
    SIFT_TEST_ELECTRON_VERSION: electron.version,
    ...(screen && { DISPLAY: screen.display }),
  });
} finally {
  screen?.close();
}
