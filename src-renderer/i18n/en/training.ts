/** What the trainer offers beyond the main fields: schedule, checks of the setup, what it does on the way. */
export const training = {
  schedule: {
    title: "Learning rate over the run",
    summary: (curve: { type: string; highest: string; last: string; warmup: string | null }) =>
      `${curve.type}: highest ${curve.highest}, last ${curve.last}${curve.warmup === null ? "" : `; warm-up ${curve.warmup} steps`}.`,
  },
};
