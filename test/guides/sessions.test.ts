import { expect, test } from 'vitest';
import { freePort } from '../support/app/ports.ts';
import { missingPrograms } from '../support/app/programs.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { commandsOf, faults, runDocument } from './session.ts';
import { documents, whyNotRun } from './snippets.ts';
import { startVendor } from './vendor.ts';

const app = await startTestApp();
const vendor = await startVendor();

const sessions = documents.filter((document) => commandsOf(document).some(({ command }) => !whyNotRun(command)));
const missing = missingPrograms('bash', 'curl');

test.for(sessions)('the commands in %s run and print the documented output', async (document, { skip }) => {
  skip(missing !== undefined, missing);
  const steps = await runDocument(document, { url: app.url, vendorUrl: vendor.url, receiverPort: await freePort() });
  expect(steps.flatMap(faults)).toEqual([]);
});

test('commands contain no comments, unquoted question marks or variables followed by a colon, which zsh interprets differently', () => {
  const commands = sessions
    .flatMap((document) => commandsOf(document).map(({ command }) => command))
    .filter((command) => !whyNotRun(command));
  const traps = /(^|\s)#\s|^[^"'\n]*\?|\$[A-Za-z_]\w*:[a-z]/m;
  expect(commands.filter(({ text }) => traps.test(text)).map(({ document, line }) => `${document}:${line}`)).toEqual([]);
});

test('no run started by a guide failed or was retried', async ({ skip }) => {
  skip(missing !== undefined, missing);
  const types = await app.sql(`select distinct type from run_events where type in ('run.failed', 'run.llm.retry', 'run.recovered')`);
  expect(types).toEqual([]);
  expect(vendor.requests.length).toBeGreaterThan(0);
});

test('at least eight documents contain commands', () => {
  expect(sessions.length).toBeGreaterThanOrEqual(8);
});
