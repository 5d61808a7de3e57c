import { describe, expect, test } from 'vitest';
import { claimRequest, storeReply } from '../../../server/agent/mcp/prompts/queries.ts';
import { insertRequest } from '../../../server/resources/mcpConfigs/promptRequests/queries.ts';
import { addMcpConfig, everything, scriptedServer } from '../../support/agent/mcp.ts';
import { startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { eventually } from '../../support/resources/conversation.ts';

const app = await startTestApp();
const { call, sql } = app;
const admin = await app.signUpAdmin();

const path = (id: string) => `/v1/mcp-configs/${id}/prompts`;
const list = (id: string) => call('GET', path(id), { token: admin.token });
const get = (id: string, name: string, args: object = {}) =>
  call('POST', `${path(id)}/get`, { token: admin.token, body: { name, arguments: args } });
const textOf = async (asked: ReturnType<typeof get>) => (await asked).body.messages?.[0].content.text;
const requests = () => sql('select account_id, id, request_sealed, reply_sealed, attempts from mcp_prompt_requests');

test('the prompts of the reference server are those of its remote form', async () => {
  const program = {
    name: 'reference',
    transport: 'stdio',
    command: process.execPath,
    args: [everything, 'stdio'],
    call_timeout_ms: 60_000,
  };
  const { id } = await addMcpConfig(app, admin, program);
  const { status, body } = await list(id);
  expect([status, body.find(({ name }: { name: string }) => name === 'args-prompt')]).toMatchObject([
    200,
    {
      title: 'Arguments Prompt',
      arguments: [
        { name: 'city', required: true },
        { name: 'state', required: false },
      ],
    },
  ]);
  expect(await textOf(get(id, 'args-prompt', { city: 'Zürich 🏔️ 東京' }))).toBe("What's weather in Zürich 🏔️ 東京?");
  const missing = await get(id, 'args-prompt', { planet: 'Mars' });
  expect([statusAndReason(missing), missing.body.details.issues.length]).toEqual([[400, 'invalid_prompt_arguments'], 2]);
  expect(statusAndReason(await get(id, 'constructor'))).toEqual([400, 'prompt_not_found']);
});

describe('a scripted program', async () => {
  const { id } = await addMcpConfig(app, admin, scriptedServer('scripted', { prompts: true }, { call_timeout_ms: 60_000 }));

  test('answers many requests at once from one process, and leaves no rows', async () => {
    const asked = Array.from({ length: 18 }, () => textOf(get(id, 'pid')));
    const pids = new Set(await Promise.all(asked));
    expect([pids.size, Number([...pids][0]) > 0]).toEqual([1, true]);
    // Near the limit of a message, with characters that JSON escapes.
    expect((await textOf(get(id, 'big'))).length).toBe(1_000_000);
    expect(await requests()).toEqual([]);
  });

  test('a request is stored encrypted, and ends with its caller', async () => {
    const leaving = new AbortController();
    const body = JSON.stringify({ name: 'hang', arguments: { text: 'clear-text-argument' } });
    const headers = { authorization: `Bearer ${admin.token}`, 'content-type': 'application/json' };
    const asked = fetch(`${app.url}${path(id)}/get`, { method: 'POST', headers, body, signal: leaving.signal });
    const left = expect(asked).rejects.toThrow('abort');
    await eventually(async () => (await textOf(get(id, 'hung'))) === '1', 'the call of the program');
    const [row, ...others] = await requests();
    expect([others, row.attempts, row.reply_sealed]).toEqual([[], 1, null]);
    expect(row.request_sealed.toString('latin1')).not.toMatch(/clear-text|hang/);
    leaving.abort();
    await left;
    await eventually(async () => (await requests()).length === 0, 'the end of the request');
  });

  test.each([
    ['a message that is too long', 'huge', 'upstream_invalid_response', 'mcp.protocol_error'],
    ['a program that ends', 'die', 'upstream_unreachable', 'mcp.disconnected'],
  ])('%s is 502, and the next request gets a new process', async (_what, name, reason, errorClass) => {
    const failed = await get(id, name);
    expect([statusAndReason(failed), failed.body.details.error_class]).toEqual([[502, reason], errorClass]);
    expect(await textOf(get(id, 'echo', { text: 'again' }))).toBe('again');
  });
});

test('a program that hangs, and one that cannot be started, are 502', async () => {
  const slow = await addMcpConfig(app, admin, scriptedServer('slow', { prompts: true }, { call_timeout_ms: 1_000 }));
  const absent = await addMcpConfig(app, admin, { name: 'absent', transport: 'stdio', command: '/nowhere/program' });
  const answers = await Promise.all([get(slow.id, 'hang'), list(absent.id)]);
  // Only a 503 has the number of attempts: whether a worker took the request at all.
  expect(answers.map((answer) => [...statusAndReason(answer), answer.body.details.attempts])).toEqual([
    [502, 'upstream_unreachable', undefined],
    [502, 'upstream_unreachable', undefined],
  ]);
  await call('PATCH', `/v1/mcp-configs/${slow.id}`, { token: admin.token, body: { is_active: false } });
  expect(statusAndReason(await list(slow.id))).toEqual([409, 'mcp_server_unavailable']);
});

test('without a worker, the response is 503 within seconds', async () => {
  const { id } = await addMcpConfig(app, admin, scriptedServer('left alone', { prompts: true }));
  await app.stopWorker();
  const { status, body, headers } = await list(id);
  expect([status, body.details, headers.get('retry-after')]).toEqual([503, { reason: 'worker_unavailable', attempts: 0 }, '5']);
  expect(await requests()).toEqual([]);
});

test('a worker does not take its own request again; a reply counts although another one has taken it, and a second reply does not', async () => {
  const { database } = app;
  const { account_id: accountId } = (await call('GET', '/v1/me', { token: admin.token })).body;
  const key = { accountId, id: crypto.randomUUID() };
  await database.run(insertRequest, { ...key, sealed: Buffer.from('request') });
  const claim = (own: string[]) =>
    database.row(claimRequest, { claimId: crypto.randomUUID(), seconds: 0, maxAgeMs: 60_000, busy: [], own });
  const claims = [await claim([]), await claim([key.id]), await claim([])];
  expect(claims.map((request) => request?.id)).toEqual([key.id, undefined, key.id]);
  expect(await database.run(storeReply, { ...key, sealed: Buffer.from('first') })).toBe(1);
  expect(await database.run(storeReply, { ...key, sealed: Buffer.from('second') })).toBe(0);
  expect((await requests()).map((row: { reply_sealed: Buffer }) => row.reply_sealed.toString())).toEqual(['first']);
});
