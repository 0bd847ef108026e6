import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { prepareDisplay, startScreen } from "./desktop/display.ts";
import { prepareElectron } from "./desktop/electron.ts";
import { runWith } from "./desktop/run.ts";

/**
 * `npm run test:desktop`: a real Electron, a screen where there is none, and the tests of test/desktop in it.
 * `npm run test:packaged` (`--packaged`): the same tests on the application that `npm run dist:dir` made.
 */
const root = resolve(import.meta.dirname, "..");
const args = process.argv.slice(2);
const packaged = args.includes("--packaged");
const electron = prepareElectron();
console.log(`Electron ${electron.version} from ${electron.origin}${packaged ? ", packaged" : ""}`);
prepareDisplay(electron.executable);

const screen = process.platform === "linux" ? await startScreen() : undefined;
try {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const config = join(root, "test", "desktop", "vitest.config.ts");
  const rest = args.filter((argument) => argument !== "--packaged");
  process.exitCode = await runWith(process.execPath, [vitest, "run", "--config", config, ...rest], {
    ELECTRON_OVERRIDE_DIST_PATH: electron.folder,
    ...(packaged && { SIFT_TEST_PACKAGED: packagedApplication() }),
    ...(screen && { DISPLAY: screen.display }),
  });
} finally {
  screen?.close();
}

function packagedApplication(): string {
  const places = [
    "linux-unpacked/sift-desktop",
    "win-unpacked/Sift.exe",
    "mac/Sift.app/Contents/MacOS/Sift",
    "mac-arm64/Sift.app/Contents/MacOS/Sift",
  ];
  const found = places.map((place) => join(root, "dist", place)).find((file) => existsSync(file));
  if (found === undefined) throw new Error("There is no packaged application: run `npm run dist:dir` first.");
  return found;
}
