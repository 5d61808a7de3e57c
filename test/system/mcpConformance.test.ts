import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import { startTestApp } from '../support/app/testApp.ts';
import { fetchNpm, run } from '../support/checks/thirdParty.ts';
import { createKey } from '../support/resources/apiKeys.ts';

// The conformance suite of the protocol, against the MCP server. It has no credential, so a proxy adds a key.
const suite = '@modelcontextprotocol/conformance@0.1.16';
const notFetched = process.env.TEST_THIRD_PARTY ? undefined : 'the suite is fetched by `npm run test:third-party`';

/** The scenarios that need no tools, resources or prompts made for the suite. */
const scenarios = ['server-initialize', 'ping', 'tools-list', 'server-sse-multiple-streams', 'dns-rebinding-protection'];

const app = await startTestApp();
const { key } = await createKey(app, await app.signUp());
const proxy = createServer((req, res) => {
  const headers = { ...req.headers, authorization: `Bearer ${key}` };
  const onward = request(app.url + req.url, { method: req.method!, headers }, (answer) => {
    res.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(res);
  });
  onward.on('error', () => res.destroy());
  req.pipe(onward);
});
await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
afterAll(() => proxy.close());
const { port } = proxy.address() as AddressInfo;

test.for(scenarios)('the server passes %s', async (scenario, { skip }) => {
  if (notFetched) return skip(notFetched);
  const fetched = await fetchNpm('mcp-conformance-0.1.16', [suite]);
  if ('missing' in fetched) return skip(fetched.missing);
  const args = ['server', '--url', `http://127.0.0.1:${port}/mcp`, '--scenario', scenario];
  const { code, stdout, stderr } = await run(`${fetched.folder}/node_modules/.bin/conformance`, args, { cwd: tmpdir(), ms: 60_000 });
  expect([code, `${stdout}${stderr}`], stdout + stderr).toEqual([0, expect.stringContaining('0 failed')]);
});
