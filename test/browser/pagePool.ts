import type { Browser, BrowserContext, BrowserContextOptions, CDPSession, Page } from 'playwright-core';
import { recordPages } from './recording/recording.ts';

type Recording = Awaited<ReturnType<typeof recordPages>>;

/** A page in a context of its own. */
type Tab = {
  context: BrowserContext;
  page: Page;
  devTools: CDPSession;
  recording: Recording | undefined;
  /** Of the documents that the page has shown since it was taken. */
  origins: Set<string>;
  /** Whether the test did something to it that cannot be undone. */
  isMarked: boolean;
};

const usualLook = { viewport: { width: 1280, height: 860 }, colorScheme: 'light', reducedMotion: 'reduce' } as const;

/** Calls whose effect outlasts the test. */
const marking = new Set([
  'addInitScript',
  'exposeBinding',
  'exposeFunction',
  'grantPermissions',
  'newCDPSession',
  'newPage',
  'route',
  'setExtraHTTPHeaders',
  'setGeolocation',
  'setOffline',
]);

/** All that a test listens to. Playwright itself listens to `close` and `crash`. */
const events = ['console', 'dialog', 'download', 'filechooser', 'framenavigated', 'pageerror', 'popup', 'request', 'response'];

const idle = new WeakMap<Browser, Map<string, Tab[]>>();

function idleTabs(browser: Browser, key: string): Tab[] {
  const all = idle.get(browser) ?? new Map<string, Tab[]>();
  idle.set(browser, all);
  const tabs = all.get(key) ?? [];
  all.set(key, tabs);
  return tabs;
}

/**
 * Takes a page that an earlier test has left, in the state of a new one except for its caches, or opens one. Loading the playground in it takes half of the
 * processor time, because its process has compiled the scripts. `isFresh` is for tests of what a first visit loads.
 */
export async function takeTab(
  browser: Browser,
  options: BrowserContextOptions,
  { records, isFresh }: { records: boolean; isFresh: boolean },
) {
  const { viewport, colorScheme, reducedMotion, ...others } = { ...usualLook, ...options };
  const tabs = idleTabs(browser, JSON.stringify([others, records]));
  const left = isFresh ? undefined : tabs.pop();
  const tab = left ?? (await openTab(browser, { viewport, colorScheme, reducedMotion, ...others }, records));
  if (left && viewport) await left.page.setViewportSize(viewport);
  if (left) await left.page.emulateMedia({ media: null, contrast: null, forcedColors: null, colorScheme, reducedMotion });
  tab.page.on('framenavigated', (frame) => frame === tab.page.mainFrame() && tab.origins.add(new URL(frame.url()).origin));
  const release = async (hasPassed: boolean) => {
    const isReusable = hasPassed && (await reset(tab).catch(() => false));
    if (isReusable) tabs.push(tab);
    else await tab.context.close();
  };
  return { ...tab, release };
}

async function openTab(browser: Browser, options: BrowserContextOptions, records: boolean): Promise<Tab> {
  const context = await browser.newContext(options);
  const recording = records ? await recordPages(context) : undefined;
  const page = await context.newPage();
  const devTools = await context.newCDPSession(page);
  const tab: Tab = { context, page, devTools, recording, origins: new Set(), isMarked: false };
  for (const target of [context, page] as unknown as Record<string, (...args: unknown[]) => unknown>[])
    for (const name of marking) {
      const call = target[name]?.bind(target);
      if (call)
        target[name] = (...args) => {
          tab.isMarked = true;
          return call(...args);
        };
    }
  return tab;
}

/** Makes the page like a new one, and returns whether that was possible. */
async function reset(tab: Tab): Promise<boolean> {
  const { context, page, devTools, origins, recording } = tab;
  const [origin, ...others] = origins;
  if (tab.isMarked || !origin?.startsWith('http') || others.length > 0 || context.pages().length !== 1) return false;
  for (const event of events) page.removeAllListeners(event);
  // A blank page would move to another process.
  await page.goto(`${origin}/healthz`);
  await page.evaluate(() => {
    localStorage.clear();
    sessionStorage.clear();
    window.name = '';
  });
  await context.clearCookies();
  await devTools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
  await devTools.send('Page.resetNavigationHistory');
  // Where the pointer of a new page is.
  await page.mouse.move(0, 0);
  origins.clear();
  recording?.forget();
  return true;
}
