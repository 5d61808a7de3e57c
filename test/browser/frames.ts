import type { BrowserContext, CDPSession, Page } from 'playwright-core';

type TraceEvent = { name: string; ph: string; pid: number; tid: number; ts: number; tdur?: number };

/** An animation frame: its duration and the CPU time of the page's main thread in it, in milliseconds. */
export type Frame = { lasted: number; worked: number };

/** Records the animation frames of a page until the returned function is called. */
export async function recordFrames(context: BrowserContext, page: Page): Promise<() => Promise<Frame[]>> {
  const session: CDPSession = await context.newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => void events.push(...(value as unknown as TraceEvent[])));
  await page.evaluate(() => {
    const next = () => void requestAnimationFrame(next);
    next();
  });
  await session.send('Tracing.start', { traceConfig: { includedCategories: ['toplevel', 'devtools.timeline'] } });
  return async () => {
    const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
    await session.send('Tracing.end');
    await complete;
    return framesIn(events);
  };
}

/** A task that spans two frames counts toward the frame in which it started. */
function framesIn(events: readonly TraceEvent[]): Frame[] {
  const beginnings = events.filter(({ name }) => name === 'FireAnimationFrame').toSorted((a, b) => a.ts - b.ts);
  const { pid, tid } = beginnings[0]!;
  const tasks = events.filter((event) => event.pid === pid && event.tid === tid && event.ph === 'X' && event.name.endsWith('RunTask'));
  const starts = beginnings.map(({ ts }) => ts);
  return starts.slice(1).map((end, at) => ({
    lasted: (end - starts[at]!) / 1_000,
    worked: tasks.filter(({ ts }) => ts >= starts[at]! && ts < end).reduce((sum, { tdur = 0 }) => sum + tdur, 0) / 1_000,
  }));
}

/** Browsers draw 60 times a second, so the duration of a frame is a multiple of this. */
const intervalMs = 1_000 / 60;

/**
 * The longest frame in which the page's own work took most of the time, in milliseconds, or 0. In a frame delayed by other load on the machine, the page
 * uses little CPU time.
 */
export const longestBusyFrame = (frames: readonly Frame[]): number =>
  Math.max(
    0,
    ...frames
      .filter(({ lasted, worked }) => worked > 25 && worked > lasted / 2)
      .map(({ lasted }) => Math.round(lasted / intervalMs) * intervalMs),
  );

/** Measures cumulative layout shift from now on. The returned function reads it. */
export async function watchShifts(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const noted = { shifts: 0 };
    Object.assign(globalThis, { noted });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) noted.shifts += (entry as PerformanceEntry & { value: number }).value;
    }).observe({ type: 'layout-shift' });
  });
  return () => page.evaluate(() => (globalThis as unknown as { noted: { shifts: number } }).noted.shifts);
}
