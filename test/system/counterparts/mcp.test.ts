import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { addMcpConfig, callToolText, everything, openMcp, startEverything } from '../../support/agent/mcp.ts';
import { freePort } from '../../support/app/ports.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { answersAt, python, startServer } from '../../support/checks/counterparts.ts';

const app = await startTestApp({}, { worker: false });
const mcp = await openMcp(app);
const server = fileURLToPath(new URL('./mcp/server.py', import.meta.url));
const patient = { call_timeout_ms: 60_000 };

async function toolsOf(name: string, fields: object) {
  const person = await app.signUp();
  await app.promote(person);
  await addMcpConfig(app, person, { name, ...fields, ...patient });
  const { tools, steps } = await mcp.tools({ account_id: person.accountId });
  expect(steps.filter(({ data }) => (data as { server_failed?: number }).server_failed !== 0)).toEqual([]);
  return tools;
}

const pythonBin = () => python('mcp==2.3.0');

test.each([
  ['stdio', async () => ({ command: (await pythonBin())('python'), args: [server] })],
  [
    'streamable_http',
    async () => {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}/mcp`;
      await startServer((await pythonBin())('python'), [server, String(port)], answersAt(url));
      return { url };
    },
  ],
])('tools of a server built with the Python SDK work over %s', async (transport, fields) => {
  const tools = await toolsOf('py', { transport, ...(await fields()) });
  expect(tools.map(({ name }) => name).sort()).toEqual(['mcp__py__add', 'mcp__py__fail']);
  expect(await callToolText(tools, 'mcp__py__add', { a: 2, b: 40 })).toContain('42');
  await expect(callToolText(tools, 'mcp__py__fail', { reason: 'out of paper' })).rejects.toMatchObject({
    errorClass: 'mcp.tool_error',
    details: { content: [{ type: 'text', text: expect.stringContaining('out of paper') }] },
  });
  await expect(callToolText(tools, 'mcp__py__add', { a: 'two' })).rejects.toMatchObject({
    errorClass: expect.stringMatching(/^mcp\.(tool|rpc)_error$/),
  });
});

test.each([
  ['stdio', async () => ({ command: process.execPath, args: [everything, 'stdio'] })],
  ['streamable_http', async () => ({ url: await startEverything('streamableHttp') })],
])('tools of server-everything work over %s', async (transport, fields) => {
  const tools = await toolsOf('all', { transport, ...(await fields()) });
  expect(await callToolText(tools, 'mcp__all__echo', { message: 'Grüße 👋' })).toContain('Grüße 👋');
  expect(await callToolText(tools, 'mcp__all__get_sum', { a: 2, b: 40 })).toContain('42');
});
