import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../setup/instance.ts';
import { addConfig, everything, filesystem, openMcp, startEverything, use } from '../setup/mcp.ts';
import { startWorld } from '../setup/world.ts';

// The public servers of the protocol's authors, as people install them.
const world = await startWorld({}, { worker: false });
const mcp = await openMcp(world);

async function chief() {
  const person = await world.signUp();
  await world.promote(person);
  return person;
}

const slow = { call_timeout_ms: 20_000 };

test.each([
  ['stdio', async () => ({ command: process.execPath, args: [everything, 'stdio'], env: { ONLY: 'this' } })],
  ['streamable_http', async () => ({ url: await startEverything('streamableHttp') })],
  ['http_sse', async () => ({ url: await startEverything('sse') })],
])(
  'the server of everything over %s',
  async (transport, fields) => {
    const person = await chief();
    await addConfig(world, person, { name: 'All of it', transport, ...(await fields()), ...slow });
    const { tools, steps } = await mcp.tools({ account_id: person.accountId });
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['mcp__All_of_it__echo', 'mcp__All_of_it__get_sum']));
    const sum = tools.find(({ name }) => name === 'mcp__All_of_it__get_sum')!;
    expect(sum).toMatchObject({ group: 'mcp__All_of_it', parallel: true, sideEffects: false, timeoutMs: 20_000 });
    expect(sum.parameters).toMatchObject({ type: 'object', required: ['a', 'b'] });
    expect(steps.filter(({ data }) => (data as { server_failed?: number }).server_failed !== 0)).toEqual([]);
    expect(await use(tools, 'mcp__All_of_it__echo', { message: 'hé\u2028llo' })).toContain('hé\u2028llo');
    const sums = await Promise.all([1, 2, 3, 4].map((a) => use(tools, 'mcp__All_of_it__get_sum', { a, b: 40 })));
    expect(sums.map((text) => /\d+\.?$/.exec(text)![0].replace('.', ''))).toEqual(['41', '42', '43', '44']);
    await expect(use(tools, 'mcp__All_of_it__get_sum', { a: 'one' })).rejects.toMatchObject({
      errorClass: expect.stringMatching(/^mcp\.(tool|rpc)_error$/),
    });
    if (transport === 'stdio') expect(JSON.parse(await use(tools, 'mcp__All_of_it__get_env'))).toEqual({ ONLY: 'this' });
  },
  30_000,
);

test('the server of a folder reads and lists what is in it', async () => {
  const person = await chief();
  const folder = realpathSync(await temporaryFolder());
  writeFileSync(join(folder, 'note.txt'), 'written here');
  await addConfig(world, person, { name: 'fs', transport: 'stdio', command: process.execPath, args: [filesystem, folder], ...slow });
  const { tools } = await mcp.tools({ account_id: person.accountId });
  expect(await use(tools, 'mcp__fs__read_text_file', { path: join(folder, 'note.txt') })).toBe('written here');
  expect(await use(tools, 'mcp__fs__list_directory', { path: folder })).toContain('note.txt');
  await expect(use(tools, 'mcp__fs__read_text_file', { path: '/etc/passwd' })).rejects.toMatchObject({
    errorClass: 'mcp.tool_error',
    details: { content: [{ type: 'text', text: expect.stringContaining('denied') }] },
  });
}, 30_000);
