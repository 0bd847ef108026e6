export const editor = {
  notLive: {
    title: "Not encoded in this page",
    worker: "The page's own encoder could not start, so core encodes after each change. Reload the page to try again.",
    size: "The tokenizer's files are too large for the page, so core encodes after each change.",
  },
};
