import { expect, test } from 'vitest';
import { z } from 'zod';
import { dataOf, openScriptedThread, toolsOf } from '../../support/agent/agent.ts';
import { addMcpConfig, scriptedServer, startEverything } from '../../support/agent/mcp.ts';
import { toolNamed } from '../../support/agent/mcpScripted.ts';
import { startSdkServer } from '../../support/agent/mcpSdk.ts';
import { callsTools, type ToolCall } from '../../support/agent/tools.ts';
import { chat } from '../../support/agent/vendor.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { types } from '../../support/http/events.ts';

const app = await startTestApp();
const secret = 'tok-secret-4f9c2a71b8d05e63';

test('a run uses the tools of a server, and an added server is available to the next run', async () => {
  const person = await app.signUpAdmin();
  await addMcpConfig(app, person, scriptedServer('one', { tools: [toolNamed('echo'), toolNamed('env')] }, { env: { TOKEN: secret } }));
  const script = [
    callsTools(['mcp__one__echo', { hi: '\u001b[31m\ndata: x\n\n' }, 'a'], ['mcp__one__echo', {}, 'b']),
    chat.answer('Done.'),
  ];
  const talk = await openScriptedThread(app, { person, script: [chat.answer('Hello.'), ...script, chat.answer('Again.')] });
  // The first run starts the server, which is reported if it takes long.
  await talk.run();
  await talk.say('Go on');
  const { events } = await talk.run();
  expect(types(events)).not.toContain('run.mcp_discovery');
  expect(toolsOf(talk, 1)).toEqual(expect.arrayContaining(['mcp__one__echo', 'mcp__one__env']));
  expect(dataOf(events, 'tool.call').map(({ side_effects }) => side_effects)).toEqual([true, true]);
  expect(dataOf(events, 'tool.result').map(({ result }) => result)).toEqual([
    { content: [{ type: 'text', text: '{"hi":"\\u001b[31m\\ndata: x\\n\\n"}' }] },
    { content: [{ type: 'text', text: '{}' }] },
  ]);
  expect(JSON.stringify(events)).not.toContain(secret);
  await addMcpConfig(app, person, scriptedServer('two', { tools: [toolNamed('echo')] }));
  await talk.say('And now?');
  await talk.run();
  expect(toolsOf(talk, 3)).toEqual(expect.arrayContaining(['mcp__one__echo', 'mcp__two__echo']));
});

test('a server that is down is reported, and the run completes without it', async () => {
  const person = await app.signUpAdmin();
  const { id } = await addMcpConfig(app, person, {
    name: 'down',
    transport: 'streamable_http',
    url: 'http://127.0.0.1:9/mcp',
    bearer_token: secret,
  });
  await addMcpConfig(app, person, scriptedServer('up', { tools: [toolNamed('echo')] }));
  const talk = await openScriptedThread(app, { person, script: [chat.answer('Fine.')] });
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
])('a call that ends with %s has an error result of class %s, and the run continues', async (name, error_class) => {
  const person = await app.signUpAdmin();
  await addMcpConfig(app, person, scriptedServer('bad', {}));
  const talk = await openScriptedThread(app, {
    person,
    script: [callsTools([`mcp__bad__${name}`]), callsTools(['mcp__bad__echo']), chat.answer('Well.')],
  });
  const { events } = await talk.run();
  const [failed, fine] = dataOf(events, 'tool.result');
  expect([failed!.error?.error_class, fine!.error, events.at(-1)!.type]).toEqual([error_class, undefined, 'run.completed']);
});

test.each([
  ['the server', { call_timeout_ms: 2_500 }, {}],
  ['the persona', {}, { budgets: { tool_timeout_ms: 1_000 } }],
])(
  'a call that exceeds the timeout of %s has an error result of class mcp.timeout, and the run continues',
  async (_who, fields, persona) => {
    const person = await app.signUpAdmin();
    await addMcpConfig(app, person, scriptedServer('slow', {}, fields));
    const script = [callsTools(['mcp__slow__late', { ms: 20_000 }]), callsTools(['mcp__slow__echo']), chat.answer('Well.')];
    const talk = await openScriptedThread(app, { person, persona, script });
    const { events } = await talk.run();
    const [late, fine] = dataOf(events, 'tool.result');
    expect([late!.error?.error_class, fine!.error, events.at(-1)!.type]).toEqual(['mcp.timeout', undefined, 'run.completed']);
  },
);

test.each(['streamableHttp', 'sse'] as const)('a run uses the reference server "everything" over %s', async (kind) => {
  const person = await app.signUp();
  const transport = kind === 'sse' ? 'http_sse' : 'streamable_http';
  await addMcpConfig(app, person, { name: 'all', transport, url: await startEverything(kind), call_timeout_ms: 20_000 });
  const script = [callsTools(['mcp__all__get_sum', { a: 40, b: 2 }], ['mcp__all__echo', { message: 'hé' }]), chat.answer('42.')];
  const talk = await openScriptedThread(app, { person, script });
  const { events } = await talk.run();
  const texts = dataOf(events, 'tool.result').map(({ result }) => (result as { content: { text: string }[] }).content[0]!.text);
  expect(texts).toEqual([expect.stringContaining('42'), expect.stringContaining('hé')]);
  expect(JSON.stringify(talk.vendor.requests[1]!.body)).toContain('42');
});

test('a remote server is neither listed nor called without the entitlement', async () => {
  const person = await app.signUpAdmin();
  await addMcpConfig(app, person, { name: 'all', transport: 'streamable_http', url: await startEverything('streamableHttp') });
  await addMcpConfig(app, person, scriptedServer('near', { tools: [toolNamed('echo')] }));
  await app.sql(
    `insert into entitlement_overrides (account_id, id, key, value, value_type)
     values ($1, gen_random_uuid(), 'feature.mcp_remote_enabled', 'false', 'boolean')`,
    [person.accountId],
  );
  const talk = await openScriptedThread(app, { person, script: [callsTools(['mcp__all__echo', { message: 'a' }]), chat.answer('Fine.')] });
  const { events } = await talk.run();
  expect(toolsOf(talk, 0).filter((name) => name.startsWith('mcp__'))).toEqual(['mcp__near__echo']);
  expect(dataOf(events, 'tool.denied')).toHaveLength(1);
});

test('a persona that allows the group of a server gets only its tools', async () => {
  const person = await app.signUpAdmin();
  await addMcpConfig(app, person, scriptedServer('my files', { tools: [toolNamed('a')] }));
  await addMcpConfig(app, person, scriptedServer('other', { tools: [toolNamed('b')] }));
  const talk = await openScriptedThread(app, { person, persona: { tool_allowlist: ['mcp__my_files'] }, script: [chat.answer('Fine.')] });
  await talk.run();
  expect(toolsOf(talk, 0)).toEqual(['mcp__my_files__a']);
});

test('a result of 2 MiB is truncated for the model', async () => {
  const person = await app.signUpAdmin();
  await addMcpConfig(app, person, scriptedServer('large'));
  const talk = await openScriptedThread(app, { person, script: [callsTools(['mcp__large__big']), chat.answer('Long.')] });
  const { events } = await talk.run();
  const { result } = dataOf(events, 'tool.result')[0]!;
  expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThanOrEqual(33_000);
  expect(result).toMatchObject({ truncated: true });
});

test('calls of one turn to a server run concurrently, and their results keep the order of the calls', async () => {
  const person = await app.signUpAdmin();
  const waiting: (() => void)[] = [];
  const meet = async ({ name }: { name: string }) => {
    // Resolves only when all three calls have arrived.
    await new Promise<void>((done) => {
      waiting.push(done);
      if (waiting.length === 3) for (const each of waiting) each();
    });
    return { content: [{ type: 'text' as const, text: name }] };
  };
  const server = await startSdkServer((each) => void each.registerTool('meet', { inputSchema: { name: z.string() } }, meet));
  await addMcpConfig(app, person, { name: 'web', transport: 'streamable_http', url: server.url, call_timeout_ms: 15_000 });
  const wanted = ['a', 'b', 'c'].map((name): ToolCall => ['mcp__web__meet', { name }]);
  const talk = await openScriptedThread(app, { person, script: [callsTools(...wanted), chat.answer('Done.')] });
  const { events } = await talk.run();
  const texts = dataOf(events, 'tool.result').map(({ result }) => (result?.content as { text: string }[])?.[0]?.text);
  expect(texts).toEqual(['a', 'b', 'c']);
  expect(dataOf(events, 'tool.call').map(({ side_effects }) => side_effects)).toEqual([true, true, true]);
});
