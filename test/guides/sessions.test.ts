import { spawnSync } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { startHttp } from '../setup/mcp.ts';
import { chat, responses } from '../setup/vendor.ts';
import { startWorld } from '../setup/world.ts';
import { missingLines, unlike, unlikeHttp } from './likeness.ts';
import { commandsOf, runDocument, type Step } from './session.ts';
import { documents, isProgram, whyNotRun } from './snippets.ts';

const world = await startWorld();
/** Plays the vendor whose address the documents name. */
const vendor = await startHttp(async ({ url = '' }, res) => {
  const { steps = [] } = url.endsWith('/responses') ? responses.answer('On its way.') : chat.answer('On its way.');
  res.writeHead(200, { 'content-type': 'text/event-stream' }).end(steps.join(''));
});

const sessions = documents.filter((document) => commandsOf(document).some(({ command }) => !whyNotRun(command)));
const missing = ['bash', 'curl'].filter((program) => spawnSync(program, ['--version']).error);

/** What is wrong with the answers that are shown for a command. */
function faults({ snippet, output, shown }: Step): string[] {
  const place = `${snippet.document}:${snippet.line}`;
  const wrong = shown.flatMap(({ lang, text, line }) => {
    const at = `${snippet.document}:${line}`;
    if (lang === 'text') return missingLines(text, output).map((each) => `${at}: ${each} is not in\n${output}`);
    const why = lang === 'http' ? unlikeHttp(text, output) : unlike(JSON.parse(text), JSON.parse(lastLine(output)));
    return why === undefined ? [] : [`${at}: ${why}`];
  });
  // A refusal that nobody shows is a command that does not work.
  if (shown.length === 0 && /"trace_id":.*"details":/.test(output)) wrong.push(`${place}: ${output}`);
  if (isProgram(snippet) && output.trim() === '') wrong.push(`${place}: the program says nothing`);
  return wrong;
}

/** A port that nobody listens on, for the receiver of a guide. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const lastLine = (text: string) => text.trim().split('\n').at(-1)!;

test.for(sessions)('%s works when it is pasted', async (document, { skip }) => {
  skip(missing.length > 0, `${missing.join(' and ')} not installed`);
  const steps = await runDocument(document, { url: world.url, vendorUrl: vendor.url, receiverPort: await freePort() });
  expect(steps.flatMap(faults)).toEqual([]);
});

test('commands can be pasted into zsh too, where a comment, a bare question mark or a colon after a name means something', () => {
  const commands = sessions
    .flatMap((document) => commandsOf(document).map(({ command }) => command))
    .filter((command) => !whyNotRun(command));
  const traps = /(^|\s)#\s|^[^"'\n]*\?|\$[A-Za-z_]\w*:[a-z]/m;
  expect(commands.filter(({ text }) => traps.test(text)).map(({ document, line }) => `${document}:${line}`)).toEqual([]);
});

test('no run of theirs failed, or needed a second attempt', async ({ skip }) => {
  skip(missing.length > 0, `${missing.join(' and ')} not installed`);
  const types = await world.sql(`select distinct type from run_events where type in ('run.failed', 'run.llm.retry', 'run.recovered')`);
  expect(types).toEqual([]);
  expect(vendor.requests.length).toBeGreaterThan(0);
});

test('there are guides to run', () => {
  expect(sessions.length).toBeGreaterThanOrEqual(8);
});
