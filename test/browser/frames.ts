import type { BrowserContext, CDPSession, Page } from 'playwright-core';

type TraceEvent = { name: string; ph: string; pid: number; tid: number; ts: number; tdur?: number };

/** A frame of the page: how long it lasted and how much of that its own thread worked, in milliseconds. */
export type Frame = { lasted: number; worked: number };

/** Records the frames of a page, by its animation frames, until the function it gives is called. */
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

/** Work that reaches over the beginning of a frame counts to the one in which it began. */
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

/** Frames that lasted too long by the page's own doing: a machine that was busy with something else lets it wait, and it works little. */
export const slowFrames = (frames: readonly Frame[], ms: number): Frame[] =>
  frames.filter(({ lasted, worked }) => lasted > ms && worked > ms / 2 && worked > lasted / 2);

/** How far the browser says that things were moved that nobody moved (cumulative layout shift), from now on. */
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
