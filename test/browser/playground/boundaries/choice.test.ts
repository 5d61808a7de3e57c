import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { addRandomPersona, openScriptedThread } from '../../../support/agent/agent.ts';
import { chat, startVendor, type Vendor } from '../../../support/agent/vendor.ts';
import { startTestApp } from '../../../support/app/testApp.ts';
import { inAccount, workspaceCalls } from '../../../support/resources/workspaces.ts';
import { accessibilityViolations, openBrowser, openPage, sendMessage, setSessionCookie } from '../../playground.ts';

const browser = await openBrowser();
const app = await startTestApp();
const { openWorkspace, endow } = workspaceCalls(app);

test('persona and model are those of the last run of a chat, else the defaults of the workspace, and what is shown is sent', async () => {
  const person = await openScriptedThread(app, { person: await app.signUp() });
  const { token, vendor } = person;
  const other = await app.call('POST', `/v1/llm-providers/${vendor.providerId}/models`, { token, body: { model: 'other' } });
  const persona = await addRandomPersona(app, person, { display_name: 'Team lead', user_selectable: true, prompt_md: 'You lead a team.' });
  const lab = await openWorkspace(person);
  await endow(lab.id);
  const labVendor = await startVendor();
  const inLab = { token, headers: inAccount(lab.id) };
  const provider = { name: 'lab', provider: 'openai', api_key: 'sk-lab', openai_api_mode: 'chat_completions' };
  const { body: added } = await app.call('POST', '/v1/llm-providers', {
    ...inLab,
    body: { ...provider, base_url: `${labVendor.origin}/v1` },
  });
  await app.call('POST', `/v1/llm-providers/${added.id}/models`, { ...inLab, body: { model: 'lab-model' } });

  const { page, context, wrong } = await openPage(browser, { reducedMotion: 'reduce' });
  await setSessionCookie(context, app.url, person);
  const pickerOn = (shown: Page) => shown.getByRole('button', { name: /^Model and persona/ });
  const shows = (text: string, shown = page) => expect.poll(() => pickerOn(shown).textContent()).toBe(text);
  const pick = async (name: RegExp) => {
    await pickerOn(page).click();
    await page.getByRole('option', { name }).click();
  };
  const ask = async (question: string, by: Vendor = vendor) => {
    // The first run of a chat also asks for its title.
    by.respondWith(chat.answer(`On ${question}.`), chat.answer(`On ${question}.`));
    await sendMessage(page, question);
    await page.getByRole('article', { name: 'Answer' }).getByText(`On ${question}.`).waitFor();
  };
  /** What the newest run was started with. */
  const requested = async () => {
    const [run] = await app.sql(
      `select requested_persona_id as persona, route_id as model from runs where created_by_user_id = $1 order by created_at desc, id desc limit 1`,
      [person.id],
    );
    return run as { persona: string | null; model: string | null };
  };

  await page.goto(app.url);
  await shows('m (default)');
  await pickerOn(page).click();
  const names = await page.getByRole('option').allTextContents();
  expect(names.slice(0, 2)).toEqual([expect.stringMatching(/^m \(default\)/), expect.stringMatching(/^other/)]);
  expect(await accessibilityViolations(page)).toEqual([]);
  await page.getByRole('option', { name: /^other/ }).click();
  await pick(/^Team lead/);
  await page.reload();
  await shows('other · Team lead');
  await ask('Tides');
  expect(await requested()).toEqual({ persona, model: other.body.id });
  expect(vendor.requests.some(({ body }) => body.model === 'other' && JSON.stringify(body).includes('You lead a team.'))).toBe(true);
  await page.reload();
  await shows('other · Team lead');
  const first = page.url();

  // Another chat has the defaults, and leaves the first one as it is, also in another tab.
  await page.goto(app.url);
  await shows('m (default)');
  await ask('Moons');
  expect(await requested()).toEqual({ persona: null, model: null });
  await page.reload();
  await shows('m (default)');
  const tab = await context.newPage();
  await tab.goto(first);
  await shows('other · Team lead', tab);
  await tab.close();

  // Another workspace has others.
  await page.evaluate((id) => localStorage.setItem('account', id), lab.id);
  await page.goto(app.url);
  await shows('lab-model (default)');
  await ask('Harbours', labVendor);
  expect(await requested()).toEqual({ persona: null, model: null });
  expect(labVendor.requests.at(-1)!.body.model).toBe('lab-model');
  await page.evaluate(() => localStorage.removeItem('account'));

  // An edit sends what is chosen now, and what no longer exists is not sent, even if the page does not know it yet.
  await page.goto(first);
  await shows('other · Team lead');
  await pick(/^m$|^m\b/);
  await page.getByRole('button', { name: 'Edit the message' }).click();
  vendor.respondWith(chat.answer('On high tides.'));
  await page.getByRole('textbox', { name: 'Your message' }).fill('High tides');
  await page.getByRole('button', { name: 'Send again' }).click();
  await page.getByRole('article', { name: 'Answer' }).getByText('On high tides.').waitFor();
  expect(await requested()).toEqual({ persona, model: null });
  await page.reload();
  await shows('m (default) · Team lead');
  const { body: personas } = await app.call('GET', '/v1/personas', { token });
  const { id } = personas.find(({ persona_key: key }: { persona_key: string }) => key === persona);
  expect((await app.call('DELETE', `/v1/personas/${id}`, { token })).status).toBe(204);
  await ask('Low tides');
  expect(await requested()).toEqual({ persona: null, model: null });
  await page.getByRole('listitem').filter({ hasText: 'no longer exists here' }).waitFor();
  await shows('m (default)');
  expect(wrong).toEqual([]);
});
