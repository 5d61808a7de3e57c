import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { WebhookEndpoint } from '../../../contract/webhooks.ts';
import { type Person, sharedTestApp } from '../../support/app/testApp.ts';
import { everyRow } from '../../support/checks/everyRow.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { eventually, startRun } from '../../support/resources/conversation.ts';
import { deliveriesOf, dispatcherOfTest, queueMessages, receiverOfTest } from '../../support/resources/receiver.ts';
import { usual, webhookCalls } from '../../support/resources/webhookCalls.ts';

const app = await sharedTestApp({ ARKLOOP_MAX_CONCURRENT_RUNS_PER_ACCOUNT: '0' });
const { create, made, change, read, entries } = webhookCalls(() => app);
const secret = 'Bearer s3cr3t-of-the-receiver';

test('custom headers are sent with each request beside those of the signature, and their values are never returned', async () => {
  const [person, receiver] = [await app.signUp(), await receiverOfTest()];
  const headers = { Authorization: secret, 'X-Env': 'test\tspaced out', cookie: 'a=b' };
  const created = await create(person, { ...usual, url: receiver.url, headers }, { 'idempotency-key': 'with-headers' });
  expect(created).toMatchObject({ status: 201, body: { header_names: ['authorization', 'x-env', 'cookie'] } });
  const { id, signing_secret: signing } = created.body;
  await queueMessages(app, person, id, 1);
  const dispatcher = dispatcherOfTest(app);
  await eventually(async () => receiver.received.length === 1, 'the request');
  const [{ headers: sent, body }] = receiver.received as [(typeof receiver.received)[0]];
  expect(sent).toMatchObject({ authorization: secret, 'x-env': 'test\tspaced out', cookie: 'a=b', 'user-agent': 'Arkloop-Webhooks/1' });
  new Webhook(signing).verify(body, sent as Record<string, string>);
  const answers = [created, await read(person, `/${id}`), await read(person), await read(person, `/${id}/deliveries`)];
  for (const { text } of answers) expect(text).not.toContain('s3cr3t');
  expect(JSON.stringify(await entries(id))).not.toContain('s3cr3t');
  const client = await app.database.pool.connect();
  const rows = JSON.stringify(await everyRow(client as never).finally(() => client.release()));
  expect(rows).not.toContain('s3cr3t');
  expect(rows).not.toContain(Buffer.from(secret).toString('hex'));
  // Another query keeps the headers. Another path or origin gets them only if they are sent again.
  const query = `${receiver.url}?tenant=1`;
  expect((await change(person, id, { url: query })).body.header_names).toEqual(['authorization', 'x-env', 'cookie']);
  const path = `${receiver.url}/other`;
  expect((await change(person, id, { url: path })).body.header_names).toEqual([]);
  expect((await change(person, id, { url: receiver.url, headers })).body.header_names).toHaveLength(3);
  const elsewhere = await receiverOfTest();
  expect((await change(person, id, { url: elsewhere.url })).body.header_names).toEqual([]);
  await queueMessages(app, person, id, 1);
  dispatcher.wake();
  await eventually(async () => elsewhere.received.length === 1, 'the request');
  expect(elsewhere.received[0]!.headers).not.toHaveProperty('authorization');
  expect((await change(person, id, { url: receiver.url, headers: { 'X-Env': 'new' } })).body.header_names).toEqual(['x-env']);
  expect((await change(person, id, { events: ['run.failed'] })).body.header_names).toEqual(['x-env']);
  const removed = await change(person, id, { headers: {} });
  expect(WebhookEndpoint.strict().parse(removed.body).header_names).toEqual([]);
  expect(await app.sql('select headers_sealed from webhook_endpoints where id = $1', [id])).toEqual([{ headers_sealed: null }]);
});

test('headers that cannot be decrypted are not left out', async () => {
  const [person, receiver] = [await app.signUp(), await receiverOfTest()];
  const { id } = await made(person, { url: receiver.url, headers: { authorization: secret } });
  const { id: other } = await made(person, { headers: { authorization: secret } });
  // A ciphertext of another endpoint.
  await app.sql('update webhook_endpoints e set headers_sealed = o.headers_sealed from webhook_endpoints o where e.id = $1 and o.id = $2', [
    id,
    other,
  ]);
  await queueMessages(app, person, id, 1);
  dispatcherOfTest(app);
  await eventually(async () => (await deliveriesOf(app, person, id))[0].error === 'secret_unreadable', 'the error');
  expect(receiver.received).toEqual([]);
});

test('headers that could smuggle, impersonate or confuse are rejected', async () => {
  const person = await app.signUp();
  const { id } = await made(person);
  const attempt = async (headers: unknown) => {
    const answers = [await create(person, { ...usual, headers }), await change(person, id, { headers })];
    expect(statusAndReason(answers[0]!)).toEqual(statusAndReason(answers[1]!));
    return statusAndReason(answers[0]!);
  };
  const denied = [
    ...['Host', 'connection', 'Keep-Alive', 'TE', 'Trailer', 'Transfer-Encoding', 'Upgrade', 'Expect', 'Date', 'Via', 'User-Agent'],
    ...[
      'Content-Length',
      'content-type',
      'Content-Encoding',
      'Accept-Encoding',
      'Proxy-Authorization',
      'Proxy-Connection',
      'Sec-Fetch-Site',
    ],
    ...['webhook-id', 'Webhook-Signature', 'WEBHOOK-TIMESTAMP', 'svix-signature', 'X-Arkloop-Event', 'X-Arkloop-Delivery', 'Signature'],
    ...['Forwarded', 'X-Forwarded-For', 'X-Real-IP', 'traceparent', 'tracestate', 'baggage', 'X-Trace-Id', 'HTTP2-Settings'],
    ...['X_Forwarded_For', 'CONTENT_LENGTH', 'webhook_signature'],
  ];
  for (const name of denied) expect([name, ...(await attempt({ [name]: 'x' }))]).toEqual([name, 400, 'header_denied']);
  expect(await attempt({ 'X-Token': 'a', 'x-token': 'b' })).toEqual([400, 'duplicate_header']);
  const malformed = [
    ...['', ' x', 'x ', 'x y', 'x:', 'x\r\nhost', 'x\0', 'ﬀ', 'x-é', 'x\u2028', 'x/y', 'x'.repeat(101), ':authority'].map((name) => ({
      [name]: 'x',
    })),
    ...['', ' x', 'x ', 'x\r\nHost: evil', 'x\nx', 'x\0x', 'x\u007f', 'é', '\u{1f600}', 'x'.repeat(2_001), 1, null, ['x'], {}].map(
      (value) => ({ 'x-a': value }),
    ),
    Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`x-${n}`, 'x'])),
    [['x-a', 'x']],
    'x-a: x',
    null,
  ];
  for (const headers of malformed) expect([headers, ...(await attempt(headers))]).toEqual([headers, 400, undefined]);
  expect(JSON.stringify((await create(person, { ...usual, headers: { host: secret } })).body)).not.toContain('s3cr3t');
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`x-${n}`, 'x'.repeat(2_000)]));
  expect((await change(person, id, { headers: many })).body.header_names).toHaveLength(20);
});

test('a filter limits events to runs of projects and personas, also of other accounts by nothing but an empty result', async () => {
  const [person, stranger] = [await app.signUp(), await app.signUp()];
  const project = async ({ token }: Person) =>
    (await app.call('POST', '/v1/projects', { token, body: { name: 'Hooks' } })).body.id as string;
  const [wanted, other, foreign] = [await project(person), await project(person), await project(stranger)];
  const endpoint = async (filter?: object) => (await made(person, { events: ['run.cancelled'], ...(filter && { filter }) })).id as string;
  const ids = {
    all: await endpoint(),
    empty: await endpoint({}),
    project: await endpoint({ project_ids: [wanted.toUpperCase()] }),
    persona: await endpoint({ persona_ids: ['extended-search', 'normal'] }),
    both: await endpoint({ project_ids: [other], persona_ids: ['normal'] }),
    foreign: await endpoint({ project_ids: [foreign] }),
  };
  const cancelled = async (projectId: string, personaId?: string) => {
    const { body } = await app.call('POST', '/v1/threads', { token: person.token, body: { project_id: projectId } });
    await app.call('POST', `/v1/threads/${body.id}/messages`, { token: person.token, body: { content: 'Hello' } });
    const runId = await startRun(app, person, body.id, personaId ? { persona_id: personaId } : {});
    await app.call('POST', `/v1/runs/${runId}:cancel`, { token: person.token });
    return `msg_${runId}`;
  };
  const [one, two, three] = [await cancelled(wanted), await cancelled(other, 'normal@1'), await cancelled(other, 'search')];
  const received = Object.fromEntries(
    await Promise.all(
      Object.entries(ids).map(async ([name, id]) => [name, (await deliveriesOf(app, person, id)).map(({ message_id }) => message_id)]),
    ),
  );
  expect(received).toEqual({ all: [one, two, three], empty: [one, two, three], project: [one], persona: [two], both: [two], foreign: [] });
  expect((await read(person, `/${ids.both}`)).body.filter).toEqual({ project_ids: [other], persona_ids: ['normal'] });
  expect((await change(person, ids.both, { filter: { project_ids: [wanted] } })).body.filter).toEqual({
    project_ids: [wanted],
    persona_ids: [],
  });
  expect((await change(person, ids.both, { enabled: true })).body.filter).toEqual({ project_ids: [wanted], persona_ids: [] });
  expect((await change(person, ids.both, { filter: {} })).body.filter).toEqual({ project_ids: [], persona_ids: [] });
  for (const filter of [
    null,
    [],
    { project_ids: 'x' },
    { project_ids: ['x'] },
    { persona_ids: [''] },
    { thread_ids: [] },
    { persona_ids: Array(101).fill('x') },
  ])
    expect([filter, (await change(person, ids.all, { filter })).status]).toEqual([filter, 400]);
});
