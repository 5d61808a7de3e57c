import { expect, test } from 'vitest';
import { z } from 'zod';
import { dataOf, openTalk, toolsOf } from '../setup/agent.ts';
import { types } from '../setup/events.ts';
import { addConfig, scripted, startEverything } from '../setup/mcp.ts';
import { toolNamed } from '../setup/mcpScripted.ts';
import { startSdkServer } from '../setup/mcpSdk.ts';
import { asks, type Wanted } from '../setup/tools.ts';
import { chat } from '../setup/vendor.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld();
const secret = 'tok-secret-4f9c2a71b8d05e63';

async function chief() {
  const person = await world.signUp();
  await world.promote(person);
  return person;
}

test('a run uses the tools of a server, and one that is added is there for the next run', async () => {
  const person = await chief();
  await addConfig(world, person, scripted('one', { tools: [toolNamed('echo'), toolNamed('env')] }, { env: { TOKEN: secret } }));
  const script = [asks(['mcp__one__echo', { hi: '\u001b[31m\ndata: x\n\n' }, 'a'], ['mcp__one__echo', {}, 'b']), chat.answer('Done.')];
  const talk = await openTalk(world, { person, script: [...script, chat.answer('Again.')] });
  const { events } = await talk.run();
  expect(types(events)).not.toContain('run.mcp_discovery');
  expect(toolsOf(talk, 0)).toEqual(expect.arrayContaining(['mcp__one__echo', 'mcp__one__env']));
  expect(dataOf(events, 'tool.call').map(({ side_effects }) => side_effects)).toEqual([true, true]);
  expect(dataOf(events, 'tool.result').map(({ result }) => result)).toEqual([
    { content: [{ type: 'text', text: '{"hi":"\\u001b[31m\\ndata: x\\n\\n"}' }] },
    { content: [{ type: 'text', text: '{}' }] },
  ]);
  expect(JSON.stringify(events)).not.toContain(secret);
  await addConfig(world, person, scripted('two', { tools: [toolNamed('echo')] }));
  await talk.say('And now?');
  await talk.run();
  expect(toolsOf(talk, 2)).toEqual(expect.arrayContaining(['mcp__one__echo', 'mcp__two__echo']));
});

test('a server that is down is reported, and the run completes without it', async () => {
  const person = await chief();
  const { id } = await addConfig(world, person, {
    name: 'down',
    transport: 'streamable_http',
    url: 'http://127.0.0.1:9/mcp',
    bearer_token: secret,
  });
  await addConfig(world, person, scripted('up', { tools: [toolNamed('echo')] }));
  const talk = await openTalk(world, { person, script: [chat.answer('Fine.')] });
  const { events } = await talk.run();
  expect(dataOf(events, 'run.mcp_discovery')).toMatchObject([
    {
      status: 'failed',
      server_count: 2,
      server_ok: 1,
      server_failed: 1,
      servers: [{ server_id: id, transport: 'streamable_http', outcome: 'failed', error_class: 'mcp.disconnected' }, { outcome: 'ok' }],
    },
  ]);
  expect(toolsOf(talk, 0)).toContain('mcp__up__echo');
  expect(events.at(-1)!.type).toBe('run.completed');
  expect(JSON.stringify(events)).not.toContain(secret);
});

test.each([
  ['fail', 'mcp.tool_error'],
  ['refuse', 'mcp.rpc_error'],
  ['garbage', 'mcp.protocol_error'],
  ['die', 'mcp.disconnected'],
])('a call that ends with %s is a result of class %s, and the run goes on', async (name, error_class) => {
  const person = await chief();
  await addConfig(world, person, scripted('bad', {}));
  const talk = await openTalk(world, { person, script: [asks([`mcp__bad__${name}`]), asks(['mcp__bad__echo']), chat.answer('Well.')] });
  const { events } = await talk.run();
  const [failed, fine] = dataOf(events, 'tool.result');
  expect([failed!.error?.error_class, fine!.error, events.at(-1)!.type]).toEqual([error_class, undefined, 'run.completed']);
});

test.each([
  ['the server', { call_timeout_ms: 1_500 }, {}],
  ['the persona', {}, { budgets: { tool_timeout_ms: 300 } }],
])('a call that takes longer than %s allows is a result of class mcp.timeout, and the run goes on', async (_who, fields, persona) => {
  const person = await chief();
  await addConfig(world, person, scripted('slow', {}, fields));
  const script = [asks(['mcp__slow__late', { ms: 2_000 }]), asks(['mcp__slow__echo']), chat.answer('Well.')];
  const talk = await openTalk(world, { person, persona, script });
  const { events } = await talk.run();
  const [late, fine] = dataOf(events, 'tool.result');
  expect([late!.error?.error_class, fine!.error, events.at(-1)!.type]).toEqual(['mcp.timeout', undefined, 'run.completed']);
});

test.each(['streamableHttp', 'sse'] as const)('a run uses the server of everything over %s', async (kind) => {
  const person = await world.signUp();
  const transport = kind === 'sse' ? 'http_sse' : 'streamable_http';
  await addConfig(world, person, { name: 'all', transport, url: await startEverything(kind), call_timeout_ms: 20_000 });
  const script = [asks(['mcp__all__get_sum', { a: 40, b: 2 }], ['mcp__all__echo', { message: 'hé' }]), chat.answer('42.')];
  const talk = await openTalk(world, { person, script });
  const { events } = await talk.run();
  const texts = dataOf(events, 'tool.result').map(({ result }) => (result as { content: { text: string }[] }).content[0]!.text);
  expect(texts).toEqual([expect.stringContaining('42'), expect.stringContaining('hé')]);
  expect(JSON.stringify(talk.vendor.requests[1]!.body)).toContain('42');
});

test('a server elsewhere is neither offered nor called where the account may not', async () => {
  const person = await chief();
  await addConfig(world, person, { name: 'all', transport: 'streamable_http', url: await startEverything('streamableHttp') });
  await addConfig(world, person, scripted('near', { tools: [toolNamed('echo')] }));
  await world.sql(
    `insert into entitlement_overrides (account_id, id, key, value, value_type)
     values ($1, gen_random_uuid(), 'feature.mcp_remote_enabled', 'false', 'boolean')`,
    [person.accountId],
  );
  const talk = await openTalk(world, { person, script: [asks(['mcp__all__echo', { message: 'a' }]), chat.answer('Fine.')] });
  const { events } = await talk.run();
  expect(toolsOf(talk, 0).filter((name) => name.startsWith('mcp__'))).toEqual(['mcp__near__echo']);
  expect(dataOf(events, 'tool.denied')).toHaveLength(1);
});

test('a persona that allows a server by its group has its tools only', async () => {
  const person = await chief();
  await addConfig(world, person, scripted('my files', { tools: [toolNamed('a')] }));
  await addConfig(world, person, scripted('other', { tools: [toolNamed('b')] }));
  const talk = await openTalk(world, { person, persona: { tool_allowlist: ['mcp__my_files'] }, script: [chat.answer('Fine.')] });
  await talk.run();
  expect(toolsOf(talk, 0)).toEqual(['mcp__my_files__a']);
});

test('two megabytes of result are cut for the model', async () => {
  const person = await chief();
  await addConfig(world, person, scripted('large'));
  const talk = await openTalk(world, { person, script: [asks(['mcp__large__big']), chat.answer('Long.')] });
  const { events } = await talk.run();
  const { result } = dataOf(events, 'tool.result')[0]!;
  expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThanOrEqual(33_000);
  expect(result).toMatchObject({ truncated: true });
});

test('calls of one turn to a server run side by side, in results and prompt in the order of the calls', async () => {
  const person = await chief();
  const waiting: (() => void)[] = [];
  const meet = async ({ name }: { name: string }) => {
    // None is answered before all have come.
    await new Promise<void>((done) => {
      waiting.push(done);
      if (waiting.length === 3) for (const each of waiting) each();
    });
    return { content: [{ type: 'text' as const, text: name }] };
  };
  const server = await startSdkServer((each) => void each.registerTool('meet', { inputSchema: { name: z.string() } }, meet));
  await addConfig(world, person, { name: 'web', transport: 'streamable_http', url: server.url, call_timeout_ms: 15_000 });
  const wanted = ['a', 'b', 'c'].map((name): Wanted => ['mcp__web__meet', { name }]);
  const talk = await openTalk(world, { person, script: [asks(...wanted), chat.answer('Done.')] });
  const { events } = await talk.run();
  const texts = dataOf(events, 'tool.result').map(({ result }) => (result?.content as { text: string }[])?.[0]?.text);
  expect(texts).toEqual(['a', 'b', 'c']);
  expect(dataOf(events, 'tool.call').map(({ side_effects }) => side_effects)).toEqual([true, true, true]);
}, 40_000);
