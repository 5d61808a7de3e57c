import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addMcpConfig, callToolText, everything, filesystem, openMcp, startEverything } from '../../support/agent/mcp.ts';
import { temporaryDataDir } from '../../support/app/instance.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';

// The published reference servers of the MCP project.
const app = await sharedTestApp();
const mcp = await openMcp(app);

const slow = { call_timeout_ms: 20_000 };

test.each([
  ['stdio', async () => ({ command: process.execPath, args: [everything, 'stdio'], env: { ONLY: 'this' } })],
  ['streamable_http', async () => ({ url: await startEverything('streamableHttp') })],
  ['http_sse', async () => ({ url: await startEverything('sse') })],
])('works with the reference server "everything" over %s', async (transport, fields) => {
  const person = await app.signUpAdmin();
  await addMcpConfig(app, person, { name: 'All of it', transport, ...(await fields()), ...slow });
  const { tools, steps } = await mcp.tools({ account_id: person.accountId });
  expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['mcp__All_of_it__echo', 'mcp__All_of_it__get_sum']));
  const sum = tools.find(({ name }) => name === 'mcp__All_of_it__get_sum')!;
  expect(sum).toMatchObject({ group: 'mcp__All_of_it', parallel: true, sideEffects: false, timeoutMs: 20_000 });
  expect(sum.parameters).toMatchObject({ type: 'object', required: ['a', 'b'] });
  expect(steps.filter(({ data }) => (data as { server_failed?: number }).server_failed !== 0)).toEqual([]);
  expect(await callToolText(tools, 'mcp__All_of_it__echo', { message: 'hé\u2028llo' })).toContain('hé\u2028llo');
  const sums = await Promise.all([1, 2, 3, 4].map((a) => callToolText(tools, 'mcp__All_of_it__get_sum', { a, b: 40 })));
  expect(sums.map((text) => /\d+\.?$/.exec(text)![0].replace('.', ''))).toEqual(['41', '42', '43', '44']);
  await expect(callToolText(tools, 'mcp__All_of_it__get_sum', { a: 'one' })).rejects.toMatchObject({
    errorClass: expect.stringMatching(/^mcp\.(tool|rpc)_error$/),
  });
  if (transport === 'stdio') expect(JSON.parse(await callToolText(tools, 'mcp__All_of_it__get_env'))).toEqual({ ONLY: 'this' });
});

test('works with the reference server "filesystem"', async () => {
  const person = await app.signUpAdmin();
  const folder = realpathSync(temporaryDataDir());
  writeFileSync(join(folder, 'note.txt'), 'written here');
  await addMcpConfig(app, person, { name: 'fs', transport: 'stdio', command: process.execPath, args: [filesystem, folder], ...slow });
  const { tools } = await mcp.tools({ account_id: person.accountId });
  expect(await callToolText(tools, 'mcp__fs__read_text_file', { path: join(folder, 'note.txt') })).toBe('written here');
  expect(await callToolText(tools, 'mcp__fs__list_directory', { path: folder })).toContain('note.txt');
  await expect(callToolText(tools, 'mcp__fs__read_text_file', { path: '/etc/passwd' })).rejects.toMatchObject({
    errorClass: 'mcp.tool_error',
    details: { content: [{ type: 'text', text: expect.stringContaining('denied') }] },
  });
});
