/** Upper bound of the delay in milliseconds. Hidden pages get no animation frames. */
const maxDelayMs = 250;
/** Delay in milliseconds without `requestAnimationFrame`, as in Node. */
const frameMs = 16;

/** `ask` schedules `work` for the next frame, once per frame. `forget` cancels it. */
export function createFrameScheduler(work: () => void) {
  let asked = false;
  let frame: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const forget = () => {
    asked = false;
    clearTimeout(timer);
    if (frame !== undefined) cancelAnimationFrame(frame);
    frame = undefined;
  };
  const now = () => {
    forget();
    work();
  };
  const ask = () => {
    if (asked) return;
    asked = true;
    const draws = typeof requestAnimationFrame === 'function';
    if (draws) frame = requestAnimationFrame(now);
    timer = setTimeout(now, draws ? maxDelayMs : frameMs);
  };
  return { ask, forget };
}

/** Maximum milliseconds of uninterrupted work; a frame lasts 16. */
const maxWorkMs = 8;

/** Returns a function to await between units of work. It yields to the event loop after `maxWorkMs` of work, so that the page can render. */
export function createYielder() {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < maxWorkMs) return;
    await new Promise((resolve) => setTimeout(resolve));
    since = performance.now();
  };
}
