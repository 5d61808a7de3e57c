import { expect, onTestFinished, test } from 'vitest';
import { callOptionsOf } from '../../../client/conformance/sample.ts';
import { actionAlias } from '../../../contract/shared/path.ts';
import { isIdempotent, serviceScopesOf } from '../../../contract/shared/policy.ts';
import { maxBodyBytes, type Route } from '../../../contract/shared/route.ts';
import { metricsEvents } from '../../../server/platform/telemetry/metricsEvents.ts';
import { auditOf, type Operation, operationRows } from '../../support/http/operations.ts';
import { rawSend, request } from '../../support/http/raw.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';
import { startRouteSuite } from '../../support/http/routeSuite.ts';
import { failingResponses, pathOf } from '../../support/samples/samples.ts';

const { app, owner, stranger, powerless, key, service, good, lasting, ask, send } = await startRouteSuite();
const { sql } = app;

const takesJson = (route: Route) => route.method !== 'GET' && Boolean(route.body) && route.contentType !== 'multipart/form-data';
const writes = operationRows((route) => route.method !== 'GET');

test.for(operationRows(takesJson))('%s returns 422 for an unreadable body and 400 for an invalid one', async ([, operation]) => {
  const sample = await lasting(operation);
  const as = (type: string) => ({ headers: { 'content-type': type } });
  const json = JSON.stringify(sample.body);
  for (const raw of ['{', '{"a":}', "{'a':1}", '{"a":1}}', 'nonsense'])
    expect(statusAndReason(await send(operation, sample, { raw }))).toEqual([422, 'malformed_json']);
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=utf-16',
    'application/jsonx',
    'multipart/form-data; boundary=x',
  ])
    expect(statusAndReason(await send(operation, sample, { raw: json, ...as(type) }))).toEqual([422, 'unsupported_content_type']);
  expect(statusAndReason(await send(operation, sample, { raw: Buffer.from([0x7b, 0xff, 0x7d]) }))).toEqual([422, 'invalid_encoding']);
  expect(statusAndReason(await send(operation, sample, { raw: json, headers: { 'content-encoding': 'gzip' } }))).toEqual([
    422,
    'invalid_encoding',
  ]);
  for (const raw of ['[]', 'null', '"x"', '7', 'true'])
    expect(issuesOf(await send(operation, sample, { raw }))).toEqual([400, [['body', '']]]);
  for (const unknown of ['nobody_knows', '__proto__', 'constructor', 'toString', 'a/b~c']) {
    const raw = json === '{}' ? `{${JSON.stringify(unknown)}:{}}` : `${json.slice(0, -1)},${JSON.stringify(unknown)}:{}}`;
    const [status, issues] = issuesOf(await send(operation, sample, { raw }));
    expect([status, issues]).toEqual([400, [['body', `/${unknown.replaceAll('~', '~0').replaceAll('/', '~1')}`]]]);
  }
});

test.for(operationRows(takesJson))('%s treats an empty body as {} or rejects it', async ([, operation]) => {
  const empty = await send(operation, await good(operation), { body: undefined });
  const braces = await send(operation, await good(operation), { raw: '{}' });
  if (empty.status === 422) expect([statusAndReason(empty), braces.status]).toEqual([[422, 'empty_body'], 400]);
  else expect(statusAndReason(empty)).toEqual(statusAndReason(braces));
});

test.for(operationRows(takesJson))('%s rejects a body over its limit before and while reading', async ([, operation]) => {
  const { params, query, token, headers } = await lasting(operation);
  const line = `POST ${pathOf(operation.route, params, query)}`.replace(/^POST/, operation.route.method);
  const common = { ...headers, 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const limit = maxBodyBytes(operation.route);
  const declared = await rawSend(app.url, request(line, { ...common, 'content-length': limit + 1 }));
  const chunk = `10000\r\n${' '.repeat(2 ** 16)}\r\n`;
  const chunked = await rawSend(app.url, [
    request(line, { ...common, 'transfer-encoding': 'chunked' }),
    chunk.repeat(limit / 2 ** 16),
    '1\r\n \r\n0\r\n\r\n',
  ]);
  for (const { status, body, closed } of [declared, chunked])
    expect([status, body?.error?.code ?? body?.error, closed]).toEqual([413, 'payload_too_large', true]);
});

const entriesOf = (traceId: string | null): Promise<any[]> =>
  sql('select action, target_type, target_id, account_id, actor_user_id, metadata from audit_logs where trace_id = $1', [traceId]);

test.for(writes)('%s writes one audit entry', async ([, operation]) => {
  const { id, route } = operation;
  const senders = [
    undefined,
    ...(route.metadata.auth === 'user+key' ? [key.secret] : []),
    ...(serviceScopesOf(route.metadata).length > 0 ? [service.secret] : []),
  ];
  for (const token of senders) {
    const sample = await good(operation);
    const answer = await send(operation, { ...sample, ...(token && { token }) });
    const entries = await entriesOf(answer.headers.get('x-trace-id'));
    const [action, target] = auditOf(route) ?? [];
    if (failingResponses[id] || !action) expect(entries).toEqual([]);
    else expect(entries.map((entry) => [entry.action, entry.target_type])).toEqual([[action, target]]);
    // The target is the created resource, except for an edit (the message) and a report (the thread).
    const about = { 'runs.editMessage': sample.params.message_id, 'reports.create': sample.params.thread_id }[id];
    const made = about ?? answer.body?.id ?? answer.body?.run_id;
    if (action && answer.status === 201 && made) expect(entries[0].target_id).toBe(made);
    if (token === service.secret) expect(entries[0]).toMatchObject({ actor_user_id: null, metadata: { service_key_id: service.id } });
    else if (token && action && !failingResponses[id])
      expect(entries[0]).toMatchObject({ account_id: owner.accountId, actor_user_id: owner.id, metadata: { api_key_id: key.id } });
    const secret = entries.map((entry) => JSON.stringify(entry)).join();
    for (const [field, value] of Object.entries((sample.body ?? {}) as object))
      if (/key|token|password/.test(field)) expect(secret).not.toContain(value);
  }
});

const replayable = operationRows(isIdempotent);
const keyed = (name: string) => ({ headers: { 'idempotency-key': name } });

test.for(replayable)('%s replays its response for the same idempotency key', async ([, operation]) => {
  const { id, route } = operation;
  const sample = await good(operation);
  const twice = (more: object = {}) => send(operation, sample, { ...keyed(`"${id}"`), ...more });
  const first = await twice();
  if (failingResponses[id])
    return expect([statusAndReason(await twice()), first.headers.get('idempotent-replayed')]).toEqual([statusAndReason(first), null]);
  const count = async () => (await sql('select count(*)::int as all from audit_logs'))[0].all;
  const entries = await count();
  const again = await send(operation, sample, keyed(id));
  const replayed = ({ status, text, headers }: typeof first) => [
    status,
    text,
    headers.get('content-type'),
    headers.get('idempotent-replayed'),
  ];
  expect(replayed(first)).toEqual([first.status, first.text, first.headers.get('content-type'), null]);
  expect(replayed(again)).toEqual([...replayed(first).slice(0, 3), 'true']);
  expect(again.headers.get('x-trace-id')).not.toBe(first.headers.get('x-trace-id'));
  // Another query with the same parameters, because an unknown one is 400.
  const path = pathOf(route, sample.params, sample.query);
  const asked = await ask(operation, callOptionsOf(sample, keyed(`"${id}"`)), `${path}${path.includes('?') ? '&' : '?&'}`);
  expect(statusAndReason(asked)).toEqual([409, 'idempotency_key_reused']);
  if (route.body) expect(statusAndReason(await twice({ raw: `${JSON.stringify(sample.body)} ` }))).toEqual([409, 'idempotency_key_reused']);
  expect(await count()).toBe(entries);
  if (route.metadata.auth !== 'user+key') return;
  const byKey = await send(operation, { ...(await good(operation)), token: key.secret }, keyed(id));
  expect(byKey.headers.get('idempotent-replayed')).toBeNull();
});

/** The operation at its alias, `/cancel` for `:cancel`. */
const atAlias = (operation: Operation): Operation => ({
  ...operation,
  route: { ...operation.route, path: actionAlias(operation.route.path) as Route['path'] },
});

test.for(operationRows(({ path }) => actionAlias(path) !== undefined))('%s is the same operation at its alias', async ([, operation]) => {
  const { id, route } = operation;
  const alias = atAlias(operation);
  const labels: string[] = [];
  onTestFinished(metricsEvents.requestHandled.on(({ route: label }) => labels.push(label)));
  const sample = await good(operation);
  labels.length = 0;
  const { token: _, ...anonymous } = sample;
  expect(statusAndReason(await send(alias, anonymous))).toEqual([401, 'missing_token']);
  expect((await send(alias, { ...sample, token: stranger.token })).status).toBe(404);
  expect((await send(alias, { ...sample, token: powerless.token }, { headers: { 'x-account-id': owner.accountId } })).status).toBe(403);
  expect((await ask(alias, {}, pathOf(alias.route, sample.params), 'PATCH')).status).toBe(405);
  const first = await send(alias, sample, keyed(`alias ${id}`));
  expect([first.status < 300, labels.slice(-1)]).toEqual([true, [route.path]]);
  if (!isIdempotent(route)) return;
  const again = await send(operation, sample, keyed(`alias ${id}`));
  expect([again.status, again.text, again.headers.get('idempotent-replayed')]).toEqual([first.status, first.text, 'true']);
  const escaped = pathOf(route, sample.params, sample.query).replace(/:(\w+)$/, '%3A$1');
  expect((await ask(operation, { ...callOptionsOf(sample), ...keyed(`alias ${id}`) }, escaped)).text).toBe(first.text);
});

test.for(replayable)('%s takes effect once for concurrent requests with one key', async ([, operation]) => {
  if (failingResponses[operation.id]) return;
  const sample = await good(operation);
  const answers = await Promise.all(Array.from({ length: 10 }, () => send(operation, sample, keyed(`many ${operation.id}`))));
  const done = answers.filter(({ status }) => status < 300);
  expect(answers.filter(({ status }) => status >= 300).map((answer) => statusAndReason(answer))).toEqual(
    Array(10 - done.length).fill([409, 'idempotency_in_progress']),
  );
  expect(new Set(done.map(({ text }) => text)).size).toBe(1);
  expect(done.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1);
  const traces = answers.map(({ headers }) => headers.get('x-trace-id'));
  const entries = await sql('select action from audit_logs where trace_id = any($1)', [traces]);
  expect(entries.length).toBe(auditOf(operation.route) ? 1 : 0);
});

test.for(replayable)('%s rejects an invalid idempotency key', async ([, operation]) => {
  const sample = await good(operation);
  for (const bad of ['', '""', 'x'.repeat(256), 'é', '\t']) {
    const answer = await send(operation, sample, keyed(bad));
    expect([bad, issuesOf(answer)]).toEqual([bad, [400, [['header', 'Idempotency-Key']]]]);
  }
  expect((await send(operation, sample, keyed('x'.repeat(255)))).status).toBeLessThan(503);
});

test.for(operationRows((route) => route.method === 'POST' && !isIdempotent(route)))(
  '%s ignores an idempotency key',
  async ([, operation]) => {
    const first = await send(operation, await good(operation), keyed('x'.repeat(300)));
    expect([first.headers.get('idempotent-replayed'), first.status < 300]).toEqual([null, true]);
  },
);
