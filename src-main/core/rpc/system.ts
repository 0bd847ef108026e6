import type { Services } from "../services.ts";
import { fileRoots, listFiles } from "../system/files.ts";
import { systemInfo } from "../system/info.ts";
import { mapStreamErrors, procedures } from "./base.ts";

export function systemRouter(core: Services) {
  const os = procedures.system;
  return {
    info: os.info.handler(() => systemInfo({ version: core.version, home: core.paths.home, desktop: core.desktop })),
    events: os.events.handler(({ signal }) =>
      mapStreamErrors(
        core.events.stream(
          signal,
          core.jobs.running().map((job) => ({ type: "job", job })),
        ),
      ),
    ),
    settings: {
      get: os.settings.get.handler(() => core.store.settings.get()),
      put: os.settings.put.handler(({ input }) => {
        const settings = core.store.settings.put(input);
        core.events.emit({ type: "settings" });
        return settings;
      }),
    },
    jobs: {
      list: os.jobs.list.handler(() => core.jobs.list()),
      watch: os.jobs.watch.handler(({ input, signal }) =>
        mapStreamErrors(core.events.watchJob(() => core.jobs.get(input.jobId), signal)),
      ),
      cancel: os.jobs.cancel.handler(({ input }) => core.jobs.cancel(input.jobId)),
    },
    files: {
      roots: os.files.roots.handler(() => fileRoots()),
      list: os.files.list.handler(({ input }) => listFiles(input.path, input.show)),
      uploadBegin: os.files.uploadBegin.handler(({ input }) => ({
        uploadId: core.uploads.begin(input.name, input.bytes),
      })),
      uploadChunk: os.files.uploadChunk.handler(({ input }) => ({
        received: core.uploads.chunk(input.uploadId, input.offset, input.base64),
      })),
      uploadFinish: os.files.uploadFinish.handler(({ input }) => ({ path: core.uploads.finish(input.uploadId) })),
      uploadCancel: os.files.uploadCancel.handler(({ input }) => {
        core.uploads.cancel(input.uploadId);
        return {};
      }),
    },
    sample: { open: os.sample.open.handler(() => core.sample.open()) },
  };
}
