import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { startHttpServer } from '../support/agent/mcp.ts';
import { chat, responses } from '../support/agent/vendor.ts';
import { freePort } from '../support/app/ports.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { differenceOf, httpDifferenceOf, missingLines } from './differences.ts';
import { type CommandResult, commandsOf, runDocument } from './session.ts';
import { documents, isProgram, whyNotRun } from './snippets.ts';

const app = await startTestApp();
/** Stands in for the model vendor whose address is in the documents. */
const vendor = await startHttpServer(async ({ url = '' }, res) => {
  const { steps = [] } = url.endsWith('/responses') ? responses.answer('On its way.') : chat.answer('On its way.');
  res.writeHead(200, { 'content-type': 'text/event-stream' }).end(steps.join(''));
});

const sessions = documents.filter((document) => commandsOf(document).some(({ command }) => !whyNotRun(command)));
const missing = ['bash', 'curl'].filter((program) => spawnSync(program, ['--version']).error);

/** Differences between the output of a command and the responses shown for it. */
function faults({ snippet, output, shown }: CommandResult): string[] {
  const place = `${snippet.document}:${snippet.line}`;
  const wrong = shown.flatMap(({ lang, text, line }) => {
    const at = `${snippet.document}:${line}`;
    if (lang === 'text') return missingLines(text, output).map((each) => `${at}: ${each} is not in\n${output}`);
    const why = lang === 'http' ? httpDifferenceOf(text, output) : differenceOf(JSON.parse(text), JSON.parse(lastLine(output)));
    return why === undefined ? [] : [`${at}: ${why}`];
  });
  // An error response that the document does not show means that the command failed.
  if (shown.length === 0 && /"trace_id":.*"details":/.test(output)) wrong.push(`${place}: ${output}`);
  if (isProgram(snippet) && output.trim() === '') wrong.push(`${place}: the program says nothing`);
  return wrong;
}

/** For the webhook receiver of a guide. */
const lastLine = (text: string) => text.trim().split('\n').at(-1)!;

test.for(sessions)('the commands in %s run and print the documented output', async (document, { skip }) => {
  skip(missing.length > 0, `${missing.join(' and ')} not installed`);
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
  skip(missing.length > 0, `${missing.join(' and ')} not installed`);
  const types = await app.sql(`select distinct type from run_events where type in ('run.failed', 'run.llm.retry', 'run.recovered')`);
  expect(types).toEqual([]);
  expect(vendor.requests.length).toBeGreaterThan(0);
});

test('at least eight documents contain commands', () => {
  expect(sessions.length).toBeGreaterThanOrEqual(8);
});
