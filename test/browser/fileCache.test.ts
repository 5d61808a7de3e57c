import { afterAll, expect, test } from 'vitest';
import { sharedTestApp } from '../support/app/testApp.ts';
import { stage } from '../support/http/forms.ts';
import { launchBrowser } from './launch.ts';

const app = await sharedTestApp();
const browser = await launchBrowser();
afterAll(() => browser.close());

test('a browser does not give a stored attachment to another user', async () => {
  const [alice, bob] = [await app.signUp(), await app.signUp()];
  const { body } = await stage(app, alice, { filename: 'own.txt', type: 'text/plain', content: 'Only for Alice' });
  const path = `/v1/attachments/${body.key.split('/').map(encodeURIComponent).join('/')}`;
  // The page of an answer of the API may load nothing by itself.
  const page = await browser.newPage({ bypassCSP: true });
  await page.goto(`${app.url}/healthz`);
  const read = (token?: string) =>
    page.evaluate(
      async ([url, init]) => {
        const answer = await fetch(url, init);
        return [answer.status, answer.ok ? await answer.text() : ''];
      },
      [path, { ...(token && { headers: { authorization: `Bearer ${token}` } }) }] as const,
    );
  expect(await read(alice.token)).toEqual([200, 'Only for Alice']);
  // Without a request: it is in the cache.
  await page.context().setOffline(true);
  expect(await read(alice.token)).toEqual([200, 'Only for Alice']);
  await page.context().setOffline(false);
  expect([await read(bob.token), await read()]).toEqual([
    [404, ''],
    [401, ''],
  ]);
});
