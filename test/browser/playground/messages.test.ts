import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Route } from 'playwright-core';
import { expect, test } from 'vitest';
import { openScriptedThread } from '../../support/agent/agent.ts';
import { callsTools } from '../../support/agent/tools.ts';
import { chat, type ScriptedResponse } from '../../support/agent/vendor.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { accessibilityViolations, isTooWide, openBrowser, openPage, sendMessage, setSessionCookie } from '../playground.ts';

const browser = await openBrowser();
const app = await startTestApp();

async function openAnswer(script: ScriptedResponse[], message: string, onLibrary?: (route: Route) => Promise<void>) {
  const talk = await openScriptedThread(app, { person: await app.signUp(), script });
  const visitor = await openPage(browser, {}, { records: false });
  if (onLibrary) await visitor.page.route(/\/(maths|mermaid)[^/]*\.js$/, onLibrary);
  await setSessionCookie(visitor.context, app.url, talk);
  await visitor.page.goto(`${app.url}/chat/${talk.threadId}`);
  await visitor.page.getByRole('article', { name: 'Your message' }).waitFor();
  await sendMessage(visitor.page, message);
  return { ...visitor, answer: visitor.page.getByRole('article', { name: 'Answer' }) };
}

const code = Array.from({ length: 90 }, (_, at) => `const tide${at} = (hour: number) => ${at} * Math.sin(hour);`).join('\n');
const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNkYPhfz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC';

/** What a model may write, and what it must not be able to do. */
const rich = `It costs $5 to $10, and $E = mc^2$.

$$
\\int_0^\\infty e^{-x^2}\\,dx = \\frac{\\sqrt{\\pi}}{2}
$$

\`\`\`ts
${code}
\`\`\`

1. In a list:

   \`\`\`py
   return 1
   \`\`\`

\`\`\`mermaid
flowchart LR
  Moon --> Water
\`\`\`

\`\`\`mermaid
flowchart LR
  Moon[ -->
\`\`\`

\`\`\`html
<h1>Old</h1><link rel="preconnect" href="https://tracker.example"><iframe srcdoc="<script>new RTCPeerConnection()</script>"></iframe><script>
const tried = { script: 'ran', calls: typeof RTCPeerConnection };
const frame = document.createElement('iframe');
try { frame['src' + 'doc'] = 'x' } catch (error) { tried.set = error.name }
try { frame.setAttribute('src' + 'doc', 'x') } catch (error) { tried.attribute = error.name }
document.body.insertAdjacentHTML('beforeend', '<iframe src' + 'doc="x"></iframe><b>Added</b>');
document.body.append(document.createElement('link'));
tried.links = [...document.querySelectorAll('*')].filter((each) => each instanceof HTMLLinkElement).length;
const xml = '<!DOCTYPE a [<!ENT' + 'ITY e "&#60;b/>">]><a>&e;</a>';
tried.entities = new DOMParser().parseFromString(xml, 'text/xml').querySelectorAll('b').length;
document.write('<iframe src'); document.write('doc="x"></iframe>');
tried.frames = document.querySelectorAll('iframe[src' + 'doc]').length;
tried.added = document.querySelector('b').textContent;
try { localStorage.length } catch (error) { tried.storage = error.name }
try { parent.document.title } catch (error) { tried.page = error.name }
fetch('/v1/me').catch((error) => { tried.network = error.name; document.querySelector('h1').textContent = JSON.stringify(tried) });
</script>
\`\`\`

![A map](https://tracker.example/map.png) ![Dot](data:image/png;base64,${dot}) ![Page](data:text/html,hello)

<img src="x" onerror="document.title = 'broken in'"> [click](javascript:alert(1))

גאות בברסט: 04:12

1. גאות
2. שפל
`;

/** The direction in which each element is written: on which side of its box its text begins. */
const directionOf = (element: Element) => {
  const text = document.createRange();
  text.selectNodeContents(element);
  const [line, box] = [text.getBoundingClientRect(), element.getBoundingClientRect()];
  return line.left - box.left > box.right - line.right ? 'rtl' : 'ltr';
};

test('an answer shows formulas, diagrams, highlighted code and pages, and what it contains can do nothing to the page', async () => {
  const asked = Array.from({ length: 40 }, (_, at) => `Line ${at}.`).join('\n');
  const library = Promise.withResolvers<void>();
  const mermaid = Promise.withResolvers<void>();
  const { page, answer, wrong } = await openAnswer([chat.answer(rich)], asked, async (route) => {
    await (route.request().url().includes('mermaid') ? mermaid : library).promise;
    await route.continue();
  });
  await answer.getByRole('button', { name: 'Answer again' }).waitFor();
  // Until the library is loaded, the formulas take some room, and their source is not seen.
  await expect.poll(() => answer.locator('.formula.pending').count()).toBe(2);
  expect(
    await answer
      .getByText(/mc\^2|int_0|\$E/)
      .filter({ visible: true })
      .count(),
  ).toBe(0);
  library.resolve();
  expect(await answer.getByText('It costs $5 to $10, and').count()).toBe(1);
  await expect.poll(() => answer.locator('.katex').count()).toBe(2);
  await page.evaluate(() => document.fonts.ready);
  expect(await page.evaluate(() => document.fonts.check('16px KaTeX_Main'))).toBe(true);

  const [block] = await answer.locator('.code-block', { hasText: 'TypeScript' }).all();
  await block!.locator('.code-keyword').first().waitFor();
  expect(await block!.locator('code').textContent()).not.toContain('tide50');
  await block!.getByRole('button', { name: 'Show all 90 lines' }).click();
  expect(await block!.locator('code').textContent()).toBe(code);
  await block!.getByRole('button', { name: 'Show less' }).click();
  const saved = page.waitForEvent('download');
  await block!.getByRole('button', { name: 'Download the code' }).click();
  expect((await saved).suggestedFilename()).toBe('code.ts');
  expect(await readFile(await (await saved).path(), 'utf8')).toBe(code);

  await answer.getByRole('listitem').locator('.code-block .code-keyword', { hasText: 'return' }).waitFor();

  // The diagrams are on paper, too: it waits for them.
  await page.evaluate(() => {
    globalThis.print = () => {
      document.body.dataset.printed = String(document.querySelectorAll('.diagram-picture img').length);
    };
  });
  const printed = () => page.evaluate(() => document.body.dataset.printed);
  await page.keyboard.press('Control+p');
  expect(await printed()).toBeUndefined();
  mermaid.resolve();
  await expect.poll(printed).toBe('1');
  await answer.getByRole('img', { name: 'Diagram (flowchart)' }).waitFor();
  await answer.getByText('This diagram could not be drawn').click();
  await answer.getByText(/Parse error/).waitFor();
  await answer.getByText('Moon[ -->').first().waitFor();

  // An external image is a link, an image in the text is shown, and no address runs a script.
  expect(await answer.getByRole('link', { name: 'A map tracker.example' }).getAttribute('href')).toBe('https://tracker.example/map.png');
  await expect.poll(() => answer.getByRole('img', { name: 'Dot' }).evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(10);
  expect(await answer.locator('[href^="javascript"], [src^="data"], [onerror]').count()).toBe(0);
  await answer.getByText('<img src="x"').waitFor();

  // Each part has the direction of its own text.
  expect(await answer.getByText('It costs $5').evaluate(directionOf)).toBe('ltr');
  expect(await answer.getByText('גאות בברסט').evaluate(directionOf)).toBe('rtl');
  expect(await answer.getByRole('listitem').last().evaluate(directionOf)).toBe('rtl');

  // On paper there is the whole conversation, without controls.
  await page.emulateMedia({ media: 'print' });
  expect(await page.getByRole('textbox', { name: 'Message' }).isVisible()).toBe(false);
  expect(await page.getByRole('navigation', { name: 'Threads' }).isVisible()).toBe(false);
  const { whole, shown } = await page.evaluate(() => ({
    whole: document.querySelector('.transcript')!.scrollHeight,
    shown: document.documentElement.scrollHeight,
  }));
  expect(shown).toBeGreaterThanOrEqual(whole);
  await page.emulateMedia({ media: null });

  const mine = page.getByRole('article', { name: 'Your message' }).last();
  expect(await mine.getByText('Line 39.').count()).toBe(0);
  await mine.getByRole('button', { name: 'Show more' }).click();
  await mine.getByText('Line 39.').waitFor();

  expect(wrong).toEqual([]);
  await answer.getByRole('button', { name: 'Preview' }).click();
  const panel = page.getByRole('complementary', { name: 'Preview.html' });
  await panel.frameLocator('iframe').getByText('"network":"TypeError"').waitFor();
  expect(JSON.parse((await panel.frameLocator('iframe').locator('h1').textContent())!)).toEqual({
    script: 'ran',
    // A call, or a link to connect to in advance, would reach a server that the document names. Documents in frames of their own would have both again.
    calls: 'undefined',
    set: 'TypeError',
    attribute: 'TypeError',
    frames: 0,
    links: 0,
    entities: 0,
    added: 'Added',
    storage: 'SecurityError',
    page: 'SecurityError',
    network: 'TypeError',
  });
  expect(wrong.filter((each) => !/Content Security Policy|requires 'TrustedHTML'/.test(each))).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: 'dark' });
  expect([await isTooWide(page), ...(await accessibilityViolations(page))]).toEqual([false]);
  await page.keyboard.press('Escape');
  expect(await panel.count()).toBe(0);
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Preview');
  expect([await isTooWide(page), ...(await accessibilityViolations(page))]).toEqual([false]);
});

test('the agent’s calls, to-do list, files and questions are readable, also after a reload', async () => {
  const thinks = (text: string) => chat.delta({ reasoning_content: text });
  const todos = (...states: string[]) => ({ todos: states.map((status, at) => ({ id: `${at}`, content: `Task ${at}`, status })) });
  const fields = [
    { key: 'port', type: 'string', title: 'Port', enum: ['brest', 'malo'], enumNames: ['Brest', 'Saint-Malo'], required: true },
    { key: 'moon', type: 'boolean', title: 'With the moon' },
  ];
  const file = { path: '/plans/tides.md', content: '# High water\n\nAt **noon**.' };
  const shown = Promise.withResolvers<void>();
  const { page, answer, wrong } = await openAnswer(
    [
      {
        steps: [
          thinks('Hm, '),
          // The time between the thoughts counts from when the first is stored.
          { wait: () => shown.promise.then(() => sleep(1_100)) },
          thinks('tides.'),
          ...callsTools(['todo_write', todos('in_progress', 'pending')]).steps!,
        ],
      },
      callsTools(['workspace_list'], ['workspace_read', { path: '/nothing' }]),
      { steps: [thinks('So.'), ...callsTools(['workspace_write', file]).steps!] },
      callsTools(['ask_user', { message: 'Which harbour?', fields }]),
      { steps: [...callsTools(['todo_write', todos('completed', 'in_progress')]).steps!] },
      chat.answer('All done.'),
    ],
    'Plan it',
  );
  await answer.getByText('Thinking…').waitFor();
  shown.resolve();
  await answer.getByRole('combobox', { name: 'Port' }).click();
  await page.getByRole('option', { name: 'Saint-Malo' }).click();
  await answer.getByRole('checkbox', { name: 'With the moon' }).check();
  await answer.getByRole('button', { name: 'Answer', exact: true }).click();
  await answer.getByText('All done.').waitFor();
  await page.reload();

  const list = answer.getByRole('figure', { name: 'To-do list' });
  await list.getByText('1 of 2 done').waitFor();
  expect(await list.getByRole('listitem').allTextContents()).toEqual(['Task 0, done', 'Task 1, in progress']);
  await answer.getByRole('button', { name: /^Thought for \d/ }).click();
  await answer.getByText('Hm, tides.').waitFor();
  const question = answer.getByRole('figure', { name: 'Answered question' });
  expect(await question.locator('dt, dd').allTextContents()).toEqual(['Port', 'Saint-Malo', 'With the moon', 'yes']);
  expect(await answer.textContent()).not.toContain('{');

  const used = answer.getByRole('button', { name: /^Used 3 tools/ });
  expect(await used.textContent()).toMatch(/1 failed\d/);
  await used.click();
  await answer.getByRole('button', { name: /^Read a file.*nothing.*failed/ }).click();
  await answer.getByText('There is no file at /nothing.').waitFor();
  await answer.getByText('"path": "/nothing"').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);

  await answer.getByRole('button', { name: /^tides.md/ }).click();
  const panel = page.getByRole('complementary', { name: '/plans/tides.md' });
  await panel.getByRole('heading', { name: 'High water' }).waitFor();
  await panel.getByText('Source').click();
  await panel.getByText('At **noon**.').waitFor();
  expect(await accessibilityViolations(page)).toEqual([]);
  await panel.getByRole('button', { name: 'Close the file' }).click();
  expect(await panel.count()).toBe(0);
  expect(wrong).toEqual([]);
});

test('a message stays in view when a list of messages that is older arrives after it', async () => {
  const { page, answer } = await openAnswer([chat.answer('First.'), chat.answer('Second.')], 'One');
  const again = answer.getByRole('button', { name: 'Answer again' });
  await again.waitFor();
  const added = Promise.withResolvers<void>();
  const listed = Promise.withResolvers<void>();
  const seen = Promise.withResolvers<void>();
  await page.route(/\/messages(\?|$)/, async (route) => {
    if (route.request().method() !== 'GET') return route.continue();
    const response = await route.fetch();
    await added.promise;
    // The page may have cancelled it.
    await route.fulfill({ response }).catch(() => undefined);
    listed.resolve();
  });
  await again.click();
  await page.getByText('Second.').waitFor();
  await again.waitFor();
  await page.route(/\/runs$/, async (route) => {
    await seen.promise;
    await route.continue();
  });
  await sendMessage(page, 'Two');
  const mine = page.getByRole('article', { name: 'Your message' }).filter({ hasText: 'Two' });
  await mine.waitFor();
  added.resolve();
  await listed.promise;
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 200)));
  expect(await mine.count()).toBe(1);
  seen.resolve();
});
