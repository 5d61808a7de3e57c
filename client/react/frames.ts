/** Milliseconds after which work is done although no frame was drawn: a hidden page draws none. */
const longestMs = 250;
/** Without frames, as in Node. */
const frameMs = 16;

/** A function that asks for `work` before the next frame, once however often it is called, and one that forgets the asking. */
export function everyFrame(work: () => void) {
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
    timer = setTimeout(now, draws ? longestMs : frameMs);
  };
  return { ask, forget };
}

/** Milliseconds of work in a row; a frame lasts 16. */
const stintMs = 8;

/** A function to await between pieces of work: it lets the page draw when they have taken long. */
export function breather() {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < stintMs) return;
    await new Promise((resolve) => setTimeout(resolve));
    since = performance.now();
  };
}
