import { expect, test } from 'vitest';
import { answersAt, python, startServer } from '../setup/counterparts.ts';
import { addConfig, everything, openMcp, startEverything, use } from '../setup/mcp.ts';
import { freePort } from '../setup/ports.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld({}, { worker: false });
const mcp = await openMcp(world);
const server = new URL('mcp/server.py', import.meta.url).pathname;
const patient = { call_timeout_ms: 60_000 };

async function toolsOf(name: string, fields: object) {
  const person = await world.signUp();
  await world.promote(person);
  await addConfig(world, person, { name, ...fields, ...patient });
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
])('tools of a server of the Python library over %s', async (transport, fields) => {
  const tools = await toolsOf('py', { transport, ...(await fields()) });
  expect(tools.map(({ name }) => name).sort()).toEqual(['mcp__py__add', 'mcp__py__fail']);
  expect(await use(tools, 'mcp__py__add', { a: 2, b: 40 })).toContain('42');
  await expect(use(tools, 'mcp__py__fail', { reason: 'out of paper' })).rejects.toMatchObject({
    errorClass: 'mcp.tool_error',
    details: { content: [{ type: 'text', text: expect.stringContaining('out of paper') }] },
  });
  await expect(use(tools, 'mcp__py__add', { a: 'two' })).rejects.toMatchObject({
    errorClass: expect.stringMatching(/^mcp\.(tool|rpc)_error$/),
  });
});

test.each([
  ['stdio', async () => ({ command: process.execPath, args: [everything, 'stdio'] })],
  ['streamable_http', async () => ({ url: await startEverything('streamableHttp') })],
])('tools of server-everything over %s', async (transport, fields) => {
  const tools = await toolsOf('all', { transport, ...(await fields()) });
  expect(await use(tools, 'mcp__all__echo', { message: 'Grüße 👋' })).toContain('Grüße 👋');
  expect(await use(tools, 'mcp__all__get_sum', { a: 2, b: 40 })).toContain('42');
});
