import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { chat, checkPauses, type Pause } from '../../support/agent/vendor.ts';
import { holdTimers } from '../../support/timers/heldTimers.ts';

const folder = fileURLToPath(new URL('../..', import.meta.url));
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));

test('a scripted response spaces its bytes by milliseconds, and waits longer only for a promise', () => {
  const waiting = (wait: Pause['wait']) => () => checkPauses({ steps: [chat.text('a'), { wait }, chat.text('b')] });
  for (const wait of [0, 50, Promise.resolve(), async () => undefined]) expect(waiting(wait)).not.toThrow();
  expect(waiting(51)).toThrow('A response waits for 51 ms.');
});

const { setTimeout: realTimer } = globalThis;

test('held timers pass when the test lets them, and the others by themselves', async () => {
  const held = holdTimers(1_234);
  let passed = 0;
  setTimeout(() => passed++, 1_234);
  clearTimeout(setTimeout(() => passed++, 1_234));
  await new Promise((done) => setTimeout(done, 1));
  expect([held.started(), held.running(), passed]).toEqual([2, 1, 0]);
  held.pass();
  held.pass();
  expect([held.running(), passed]).toEqual([0, 1]);
});

test('after a test that held timers, all are real', () => {
  expect(globalThis.setTimeout).toBe(realTimer);
});

/** What fails on a machine that is slower, or in another folder. */
const assumptions: [what: string, pattern: RegExp, instead: string][] = [
  ['a scripted response that waits longer than bytes are spaced', /\bwait: \d[\d_]{2,}/, 'wait for a promise that the test resolves'],
  [
    'a pause after a notification',
    /pg_notify\([^;]*;(?:\s*\}\s*)?\s*(?:await new Promise|await (?:sleep|wait)\(\d)/,
    'poll until the change is visible',
  ],
  [
    'a pause after a changed setting',
    /insert into platform_settings[^;]*;\s*(?:await new Promise|await (?:sleep|wait)\(\d)/,
    'use setPlatformSettings',
  ],
  ['a wait of Vitest that gives up after a second', /\bvi\.wait(?:For|Until)\(/, 'use expect.poll or eventually'],
  [
    'a state that is awaited for less time than others',
    /\.poll\(.*\{ timeout: /,
    'use expectWithin if the time is part of the promise, which is tried again on a busy machine',
  ],
  [
    'a test that ends after less time than others',
    /(?:\n {2}|\{ timeout: )(?:\d{1,2}|[12]\d\d)_000(?:,\n\);| \}, async| \},\n {2}async)/,
    'leave the limit out: it ends only what hangs',
  ],
  ['a path that is wrong in a folder whose name has a space or an umlaut', /import\.meta\.url\)\.pathname/, 'use fileURLToPath'],
];

test.each(assumptions)('no test contains %s', (_what, pattern, instead) => {
  const found = sources.filter(
    (file) => !/^(unit\/tests|system\/counterparts)\//.test(file) && pattern.test(readFileSync(join(folder, file), 'utf8')),
  );
  expect(found, instead).toEqual([]);
});

test('the patterns find such pauses', () => {
  const planted = [
    "vendor.respondWith({ steps: [{ wait: 300 }, chat.text('x')] });",
    "await sql(`select pg_notify('arkloop_access', $1)`, [id]);\n  await new Promise((done) => setTimeout(done, 100));",
    "await sql(`insert into platform_settings (key, value) values ('a', '1')`);\n  await sleep(1_100);",
    "await vi.waitFor(() => expect(status).toBe('ended'));",
    "await expect.poll(status, { timeout: 5_000 }).toBe('ended');",
    "test('ends', { timeout: 60_000 }, async () => {});",
    "const folder = new URL('.', import.meta.url).pathname;",
  ];
  for (const [at, [, pattern]] of assumptions.entries()) expect(planted[at]).toMatch(pattern);
});
