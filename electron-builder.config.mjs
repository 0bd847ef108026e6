/**
 * What the desktop packages hold. Everything of ours and every pure-JavaScript dependency is bundled in out/; only modules
 * with native code are taken along, for the platform that is packaged.
 *
 * No asar: core, worker and threads are started by path, and where Electron's own Node is too old, plain Node must be
 * able to read them. Fuses are set for releases only (SIFT_RELEASE), because the test drives the unpacked application
 * through the inspector that they switch off. RunAsNode stays: workers are started with it.
 */
const NATIVE_MODULES = ["better-sqlite3", "bindings", "file-uri-to-path", "onnxruntime-node", "onnxruntime-common"];

/** @type {import("electron-builder").Configuration} */
const config = {
  appId: "io.github.sift.workbench",
  productName: "Sift",
  executableName: "sift-desktop",
  copyright: "Apache-2.0",
  directories: { output: "dist", buildResources: "resources/build" },
  asar: false,
  npmRebuild: false,
  files: [
    "out/**",
    "resources/**",
    "!resources/build/**",
    "package.json",
    "LICENSE",
    "!node_modules/**",
    ...NATIVE_MODULES.map((name) => `node_modules/${name}/**`),
    "!node_modules/onnxruntime-node/bin/napi-v*/!(${platform})/**",
    "!node_modules/onnxruntime-node/bin/napi-v*/*/!(${arch})/**",
    "!node_modules/better-sqlite3/{deps,src}/**",
    "!**/*.{d.ts,map,md}",
  ],
  linux: { target: ["AppImage", "deb", "tar.gz"], category: "Science", synopsis: "Supervised fine-tuning workbench" },
  win: { target: ["nsis", "zip"] },
  nsis: { oneClick: false, perMachine: false, allowToChangeInstallationDirectory: true },
  mac: { target: ["dmg", "zip"], category: "public.app-category.developer-tools", hardenedRuntime: true },
  ...(process.env.SIFT_RELEASE && {
    electronFuses: {
      runAsNode: true,
      enableCookieEncryption: true,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
    },
  }),
};

export default config;
