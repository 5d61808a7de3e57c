import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { snippetsOf } from '../guides/snippets.ts';
import { startHttpServer } from '../support/agent/mcp.ts';
import { addModel, addProvider } from '../support/agent/providers.ts';
import { chat } from '../support/agent/vendor.ts';
import { startTestApp } from '../support/app/testApp.ts';
import { fetchNpm, fetchPip, runOrThrow } from '../support/checks/thirdParty.ts';

// The samples of the guide run with the packages of OpenAI, against a server whose provider is scripted.
const packages = { npm: 'openai@7.59.0', pip: 'openai==3.57.0' };
const notFetched = process.env.TEST_THIRD_PARTY ? undefined : 'the packages of OpenAI are fetched by `npm run test:third-party`';

const app = await startTestApp({}, { worker: false });
const vendor = await startHttpServer((_req, res, body) => {
  const { messages, tools } = body as { messages: { role: string }[]; tools?: unknown[] };
  const call = [
    chat.call(0, { id: 'call-1', name: 'weather', arguments: '{"city":' }),
    chat.call(0, { arguments: '"Bern"}' }),
    chat.stop('tool_calls'),
    chat.done,
  ];
  const isCall = tools !== undefined && messages.at(-1)!.role === 'user';
  res.writeHead(200, { 'content-type': 'text/event-stream' }).end((isCall ? call : chat.answer('It is ', 'sunny.').steps!).join(''));
});
const folder = mkdtempSync(join(tmpdir(), 'arkloop-openai-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const user = await app.signUp();
await addModel(app, user, await addProvider(app, user, { base_url: `${vendor.url}/v1`, openai_api_mode: 'chat_completions' }));
const scopes = ['data.completions.write'];
const key = (await app.call('POST', '/v1/api-keys', { token: user.token, body: { name: 'openai', scopes } })).body.key as string;
const env = { OPENAI_BASE_URL: `${app.url}/v1`, OPENAI_API_KEY: key };

const sampleOf = (lang: string) => snippetsOf('docs/guides/openai-compatible.md').find((each) => each.lang === lang)!.text;
const printed = (call: string) =>
  ['It is sunny.', 'It is sunny.', '18 tokens', call, 'It is sunny.', '404 invalid_request_error model_not_found', ''].join('\n');

test('the sample for Node.js runs with the package openai', async ({ skip }) => {
  if (notFetched) return skip(notFetched);
  const fetched = await fetchNpm(packages.npm.replace('@', '-'), [packages.npm]);
  if ('missing' in fetched) return skip(fetched.missing);
  symlinkSync(join(fetched.folder, 'node_modules'), join(folder, 'node_modules'), 'junction');
  writeFileSync(join(folder, 'sample.mjs'), sampleOf('js'));
  expect(await runOrThrow(process.execPath, ['sample.mjs'], { cwd: folder, env })).toBe(printed('weather Bern'));
});

test('the sample for Python runs with the package openai', async ({ skip }) => {
  if (notFetched) return skip(notFetched);
  const fetched = await fetchPip(packages.pip.replace('==', '-'), [packages.pip]);
  if ('missing' in fetched) return skip(fetched.missing);
  writeFileSync(join(folder, 'sample.py'), sampleOf('python'));
  expect(await runOrThrow(fetched.bin('python'), ['sample.py'], { cwd: folder, env })).toBe(printed('weather {"city":"Bern"}'));
});
