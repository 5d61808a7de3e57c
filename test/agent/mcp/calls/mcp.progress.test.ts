import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createCallReports } from '../../../../server/agent/tools/callReports.ts';
import { startCallTimer } from '../../../../server/agent/tools/callTimer.ts';
import { throttleProgress } from '../../../../server/agent/tools/progress.ts';
import { addRandomPersona, dataOf, openScriptedThread } from '../../../support/agent/agent.ts';
import { addMcpConfig, callTool, callToolText, openMcp, startEverything } from '../../../support/agent/mcp.ts';
import { startSdkServer } from '../../../support/agent/mcpSdk.ts';
import { callsTools } from '../../../support/agent/tools.ts';
import { chat } from '../../../support/agent/vendor.ts';
import { startTestApp } from '../../../support/app/testApp.ts';
import { types } from '../../../support/http/events.ts';

const app = await startTestApp();
const person = await app.signUp();
const mcp = await openMcp(app);
const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] });

const server = await startSdkServer((mcpServer) => {
  const ms = z.object({ ms: z.number(), message: z.string().optional() });
  mcpServer.registerTool('work', { inputSchema: ms.shape }, async ({ ms: every, message }, { _meta, sendNotification }) => {
    for (let progress = 1; progress <= 6; progress++) {
      await wait(every);
      const params = { progressToken: _meta!.progressToken!, progress, total: 6, ...(message && { message }) };
      await sendNotification({ method: 'notifications/progress', params });
    }
    return text('worked');
  });
});

test('progress becomes events before the result, at most one a second, and extends the time limit of the server', async () => {
  const config = { name: 'slow', transport: 'streamable_http', url: server.url, call_timeout_ms: 2_000 };
  await addMcpConfig(app, person, config);
  // Longer than the time limit, but never that long without progress.
  const args = { ms: 400, message: `a\0b\ud800${'x'.repeat(2_000)}` };
  const script = [callsTools(['mcp__slow__work', args, 'c1']), chat.answer('Done.')];
  const talk = await openScriptedThread(app, { person, script: [...script, ...script] });
  const { events } = await talk.run();
  const steps = dataOf(events, 'tool.progress');
  expect(dataOf(events, 'tool.result')).toMatchObject([{ result: text('worked') }]);
  expect(steps.length).toBeGreaterThanOrEqual(2);
  expect(steps[0]).toMatchObject({ tool_call_id: 'c1', tool_name: 'mcp__slow__work', progress: 1, total: 6 });
  expect(steps[0]!.message).toMatch(/^a\ufffdb\ufffdx+$/);
  expect(steps[0]!.message).toHaveLength(500);
  // Single events may be written late.
  const [called, ended] = ['tool.call', 'tool.result'].map((wanted) => Date.parse(events.find(({ type }) => type === wanted)!.created_at));
  expect(steps.length - 1).toBeLessThanOrEqual((ended! - called!) / 1_000);
  expect(types(events).indexOf('tool.result')).toBeGreaterThan(types(events).lastIndexOf('tool.progress'));
  // The time limit of a persona is not extended.
  const persona_id = await addRandomPersona(app, person, { budgets: { tool_timeout_ms: 1_000 } });
  await talk.say('Again');
  expect(dataOf((await talk.run({ persona_id })).events, 'tool.result')[0]!.error).toMatchObject({ error_class: 'mcp.timeout' });
});

test('progress extends a time limit up to its bound, and a pause does not count', async () => {
  const began = performance.now();
  const limitOf = (act: (timer: ReturnType<typeof startCallTimer>) => unknown, longestMs = 10_000) =>
    new Promise<number>((resolve) => {
      const timer = startCallTimer(300, longestMs, () => resolve(performance.now() - began));
      act(timer);
    });
  const [plain, paused, bounded] = await Promise.all([
    limitOf(() => undefined),
    limitOf((timer) => timer.whilePaused(() => wait(700))),
    limitOf((timer) => {
      const steady = setInterval(timer.extend, 50);
      setTimeout(() => clearInterval(steady), 5_000).unref();
    }, 800),
  ]);
  expect([plain >= 290, paused >= 990, bounded >= 790, bounded]).toEqual([true, true, true, expect.any(Number)]);
  expect(bounded).toTakeLessThan(3_000);
});

test('a call of ten minutes sends about a hundred events, however often its server reports', () => {
  let now = 0;
  const sent: number[] = [];
  const throttle = throttleProgress(
    ({ progress }) => sent.push(progress),
    () => now,
  );
  for (; now < 600_000; now += 10) {
    // Each report finds the interval over, as the timer would.
    throttle.report({ progress: now });
    throttle.stop();
  }
  expect(sent.length).toBeLessThan(120);
  expect(sent.length).toBeGreaterThan(60);
});

test('of progress that waits behind a question, only the newest is kept', async () => {
  const reports = createCallReports();
  const progress = (tool_call_id: string, progress: number) =>
    reports.add({ step: { type: 'tool.progress', data: { tool_call_id, tool_name: 't', progress } } });
  for (const at of [1, 2, 3]) {
    progress('a', at);
    progress('b', at);
  }
  const end = Promise.resolve();
  const taken = [await reports.next(end), await reports.next(end), await reports.next(end)];
  expect(taken).toMatchObject([
    { step: { data: { tool_call_id: 'a', progress: 3 } } },
    { step: { data: { tool_call_id: 'b', progress: 3 } } },
    undefined,
  ]);
});

test('the resources of the reference server are listed and read, and links in results lead to them', async () => {
  const other = await app.signUp();
  await addMcpConfig(app, other, { name: 'all', transport: 'streamable_http', url: await startEverything('streamableHttp') });
  const { tools } = await mcp.tools({ account_id: other.accountId });
  const names = tools.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['mcp__all__list_resources', 'mcp__all__read_resource']));
  const { result } = await callTool(tools, 'mcp__all__list_resources');
  const listed = result.resources as { uri: string; name?: string }[];
  expect(listed.length).toBeGreaterThan(0);
  const read = await callTool(tools, 'mcp__all__read_resource', { uri: listed[0]!.uri });
  expect(read.result.content).toMatchObject([{ type: 'resource', resource: { uri: listed[0]!.uri, text: expect.any(String) } }]);
  const { result: linked } = await callTool(tools, 'mcp__all__get_resource_links', { count: 1 });
  const link = (linked.content as { type: string; uri: string }[]).find(({ type }) => type === 'resource_link')!;
  expect((await callTool(tools, 'mcp__all__read_resource', { uri: link.uri })).result.content).toMatchObject([
    { resource: { uri: link.uri, text: expect.any(String) } },
  ]);
  await expect(callTool(tools, 'mcp__all__read_resource', { uri: 'demo://nothing' })).rejects.toMatchObject({
    errorClass: 'mcp.rpc_error',
  });
  await expect(callTool(tools, 'mcp__all__read_resource', {})).rejects.toMatchObject({ errorClass: 'tool.args_invalid' });
});

test('a server without resources gets no tools for them, and a tool of the same name keeps it', async () => {
  const other = await app.signUp();
  const bearer_token = 'a-token-of-the-server';
  const plain = await startSdkServer((each) => void each.registerTool('a', {}, () => text('a')));
  const own = await startSdkServer((each) => {
    each.registerTool('read_resource', {}, () => text('mine'));
    const picture = { uri: 'demo://picture', mimeType: 'image/png', blob: pngBase64 };
    each.registerResource('picture', 'demo://picture', {}, () => ({ contents: [picture] }));
    const many = Array.from({ length: 150 }, (_, at) => `demo://many/${at}`);
    for (const uri of many)
      each.registerResource(uri, uri, { description: `${'d'.repeat(295)}${bearer_token}${'d'.repeat(1_000)}` }, () => ({ contents: [] }));
  });
  await addMcpConfig(app, other, { name: 'plain', transport: 'streamable_http', url: plain.url });
  const { id } = await addMcpConfig(app, other, { name: 'own', transport: 'streamable_http', url: own.url, bearer_token });
  const { tools } = await mcp.tools({ account_id: other.accountId });
  expect(tools.map(({ name }) => name)).toEqual(['mcp__plain__a', 'mcp__own__read_resource', 'mcp__own__list_resources']);
  expect(await callToolText(tools, 'mcp__own__read_resource')).toBe('mine');
  const { result } = await callTool(tools, 'mcp__own__list_resources');
  const resources = result.resources as { description: string }[];
  expect([resources.length, result.omitted]).toEqual([100, 51]);
  // The token is masked before the text is cut.
  expect(resources[1]!.description).toBe(`${'d'.repeat(295)}*****`);
  // A test of the configuration shows the tools of the server alone.
  const tested = await app.call('POST', `/v1/mcp-configs/${id}/test`, { token: other.token });
  expect(tested.body.tools.map(({ name }: { name: string }) => name)).toEqual(['read_resource']);
});

const pngBase64 = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
