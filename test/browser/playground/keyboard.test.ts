import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openScriptedThread } from '../../support/agent/agent.ts';
import { chat } from '../../support/agent/vendor.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { goTo, isTooWide, openBrowser, openPage, setSessionCookie, smallTargets } from '../playground.ts';
import { readPages } from '../playgroundPaths.ts';
import { focusProblems, watchFocus } from './focus.ts';

const browser = await openBrowser();
const app = await startTestApp();

/** A window of 1280 × 860 at 200 % zoom, with a touch screen. */
const zoomed = { viewport: { width: 640, height: 430 }, deviceScaleFactor: 2, hasTouch: true, reducedMotion: 'reduce' } as const;

const answer =
  'See [the almanac](https://example.test).\n\n```ts\nconst high = 4;\n```\n\n| Port | Water |\n| --- | --- |\n| Brest | 04:12 |\n';

test('at 200 % zoom every page fits the window, and Tab alone reaches each of its controls with a visible focus, large enough for a finger', async () => {
  const { routes, settingsPages } = await readPages(app.url);
  const chief = await app.signUpAdmin();
  const person = await app.signUp();
  const post = async (path: string, body: object = {}) => (await app.call('POST', path, { token: chief.token, body })).body;
  const talk = await openScriptedThread(app, { person: chief, script: [chat.answer(answer)], message: 'A question' });
  await talk.run();
  const [share, { token: setup }] = [
    await post(`/v1/threads/${talk.threadId}:share`, { access_type: 'password', password: 'harbour' }),
    await post('/v1/bootstrap/init'),
  ];
  await post('/v1/api-keys', { name: 'Nightly report' });
  await post('/v1/webhook-endpoints', { url: 'https://hooks.example.com/in', events: ['run.failed'] });
  await post('/v1/teams', { name: 'Pilots' });
  await post('/v1/admin/redemption-codes/batch', { count: 1, type: 'credits', value: '5' });

  const signedOut: Record<string, string> = {
    '/setup': `/setup#${setup}`,
    '/verify': '/verify?token=unknown',
    '/oauth/sign-in/:id': '/oauth/sign-in/00000000-0000-4000-8000-000000000000?error=access_denied',
    '/s/:token': share.url,
    '/sign-up': '/sign-up',
  };
  const signedIn: Record<string, string[]> = {
    '/': ['/'],
    '/chat/:threadId': [`/chat/${talk.threadId}`],
    '/invitations/:token': ['/invitations/unknown'],
    '/oauth/mcp/:id': ['/oauth/mcp/00000000-0000-4000-8000-000000000000?error=access_denied'],
    '/settings/*?': [...settingsPages.map((each) => each.path), `users/${person.id}`, `accounts/${person.accountId}`].map(
      (path) => `/settings/${path}`,
    ),
  };
  expect([...Object.keys(signedOut), ...Object.keys(signedIn)].toSorted()).toEqual(routes.toSorted());

  const found: string[] = [];
  const look = async (page: Page, path: string) => {
    await expect.poll(() => page.getByText('Loading…').count(), { message: path }).toBe(0);
    if (await isTooWide(page)) found.push(`${path}: wider than the window`);
    found.push(...(await smallTargets(page)).map((target) => `${path}: ${target}`));
    found.push(...(await focusProblems(page)).map((problem) => `${path}: ${problem}`));
  };
  const visitor = await openPage(browser, zoomed, { records: false });
  await watchFocus(visitor.page);
  for (const path of ['/', ...Object.values(signedOut)]) {
    await visitor.page.goto(app.url + path);
    await expect.poll(() => visitor.page.getByRole('heading').first().isVisible(), { message: path }).toBe(true);
    await look(visitor.page, path);
  }

  const { page, context } = await openPage(browser, zoomed, { records: false });
  await watchFocus(page);
  await setSessionCookie(context, app.url, chief);
  await page.goto(app.url);
  for (const path of Object.values(signedIn).flat()) {
    await goTo(page, path);
    await page
      .getByRole(path.startsWith('/settings/') ? 'article' : 'main')
      .getByRole('heading')
      .first()
      .waitFor();
    await look(page, path);
  }
  await goTo(page, '/');
  await page.getByRole('button', { name: 'Open the navigation' }).click();
  await page.getByRole('complementary', { name: 'Navigation' }).waitFor();
  await look(page, 'navigation');
  expect(found).toEqual([]);
});
