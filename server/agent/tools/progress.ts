import type { ToolProgress } from './tool.ts';

const minIntervalMs = 1_000;
/** Later events of a long call come less often: a call of ten minutes sends about 100. */
const intervalShare = 0.05;

/** Sends the first progress of a call at once, and then the newest at intervals. `stop` drops what was not sent. */
export function throttleProgress(send: (progress: ToolProgress) => void, now = () => performance.now()) {
  const began = now();
  let nextAt = began;
  let latest: ToolProgress | undefined;
  let timer: NodeJS.Timeout | undefined;

  const sendLatest = () => {
    timer = undefined;
    const progress = latest;
    latest = undefined;
    nextAt = now() + Math.max(minIntervalMs, (now() - began) * intervalShare);
    if (progress) send(progress);
  };
  return {
    report(progress: ToolProgress) {
      latest = progress;
      if (timer) return;
      if (now() >= nextAt) sendLatest();
      else timer = setTimeout(sendLatest, nextAt - now());
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
