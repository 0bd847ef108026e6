/** The few words that the shell itself says; everything else is the page's. */
const english = {
  file: "File",
  edit: "Edit",
  view: "View",
  window: "Window",
  quitTitle: "A run is going on",
  quitMessage: (names: string) => `${names} is still training.`,
  quitDetail: "Sift can stop it now and save a checkpoint; you can resume it later.",
  stopAndQuit: "Stop, save and quit",
  keepTraining: "Keep training",
  stopping: "Stopping and saving…",
  coreFailed: "Sift cannot start",
  coreLost: "Sift's core has stopped",
  coreLostDetail: "Runs that were going on are recorded as interrupted and can be resumed.",
  restart: "Restart",
  quit: "Quit",
};
type Texts = typeof english;

const chinese: Texts = {
  file: "文件",
  edit: "编辑",
  view: "视图",
  window: "窗口",
  quitTitle: "训练正在进行",
  quitMessage: (names) => `${names} 仍在训练。`,
  quitDetail: "Sift 可以现在停止并保存检查点，之后可以继续训练。",
  stopAndQuit: "停止、保存并退出",
  keepTraining: "继续训练",
  stopping: "正在停止并保存…",
  coreFailed: "Sift 无法启动",
  coreLost: "Sift 的核心进程已停止",
  coreLostDetail: "正在进行的训练已记录为中断，可以继续。",
  restart: "重新启动",
  quit: "退出",
};

export function textsFor(locale: string): Texts {
  return locale.toLowerCase().startsWith("zh") ? chinese : english;
}
