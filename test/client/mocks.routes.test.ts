import { expect, test } from 'vitest';
import { z } from 'zod';
import { createFakes } from '../../client/mocks/fakes.ts';
import { createMocks, fail, type MockPerson, type Mocks, say, untilCancelled } from '../../client/mocks/index.ts';
import { thingsIn } from '../../client/mocks/kinds.ts';
import { fillPath } from '../../contract/shared/path.ts';
import { isForm, type Route } from '../../contract/shared/route.ts';
import { expectConforming } from '../setup/conformance.ts';
import { idParams, isProtected, type Operation, operations, titled } from '../setup/operations.ts';
import { bodies as samples } from '../setup/samples/bodies.ts';
import { queries } from '../setup/samples/requests.ts';

const baseUrl = 'http://127.0.0.1:19001';
const start = Date.UTC(2026, 0, 2, 3, 4, 5);
const fakes = createFakes(7, start);

type Sent = { path: string; init: RequestInit & { headers: Record<string, string> } };
type Desk = { mocks: Mocks; person: MockPerson };

/** A mock with somebody who may do everything. The clock stands still. */
function openDesk(isAdmin = true, seed = 1): Desk {
  const mocks = createMocks({ baseUrl, seed, now: () => start, stepMs: 0 });
  return { mocks, person: mocks.state.signUp({ isAdmin }) };
}

async function send({ mocks }: Desk, { path, init }: Sent) {
  const response = await mocks.fetch(baseUrl + path, init);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') && text !== '';
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
}

const ask = async (desk: Desk, method: string, path: string, body?: unknown) =>
  (await send(desk, requestOf(desk, method, path, body))).body as Record<string, string>;

const requestOf = ({ person }: Desk, method: string, path: string, body?: unknown): Sent => ({
  path,
  init: {
    method,
    headers: { authorization: `Bearer ${person.accessToken}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  },
});

/** Everything that a path names, outermost first. */
async function makeParams(desk: Desk, { path }: Route): Promise<Record<string, string>> {
  const params: Record<string, string> = {};
  for (const { kind, param } of thingsIn(path)) params[param] = await makeThing(desk, kind.name, kind.key, params);
  for (const [, name] of path.matchAll(/\{(\w+)(?:\.\.\.)?\}/g)) params[name!] ??= others[name!] ?? unknown;
  if (path === '/v1/admin/runs/{run_id}') params.run_id = (await run(desk)).run_id!;
  if (path.startsWith('/v1/attachments/{')) params.key = (await stage(desk)).key!;
  if (path.startsWith('/v1/s/')) params.token = (await share(desk)).token!;
  return params;
}

const unknown = fakes.id(start);
const others: Record<string, string> = { token: '0'.repeat(64), group: 'web_search', provider: 'web_search.tavily' };

async function makeThing(desk: Desk, list: string, key: string, params: Record<string, string>): Promise<string> {
  const { mocks, person } = desk;
  if (list === '/v1/accounts') return person.accountId;
  if (list === '/v1/accounts/{account_id}/members') return person.userId;
  if (list === '/v1/runs') return (await run(desk)).run_id!;
  const fields = list.endsWith('/messages') ? { role: 'user' } : {};
  mocks.state.add(list as `/${string}`, fields, person, { ...params });
  const made = mocks.state.rows(list as `/${string}`)[0]![key] as string;
  // Runs need a message to answer.
  if (list === '/v1/threads') mocks.state.add('/v1/threads/{thread_id}/messages', { role: 'user' }, person, { thread_id: made });
  return made;
}

/** A run that has said something and goes on until it is cancelled. */
async function run(desk: Desk) {
  const thread = await ask(desk, 'POST', '/v1/threads', {});
  await ask(desk, 'POST', `/v1/threads/${thread.id}/messages`, { content: 'Hello' });
  const { promise, resolve } = Promise.withResolvers<void>();
  desk.mocks.plan(async function* (talk) {
    yield* say('Hello');
    resolve();
    await untilCancelled(talk);
  });
  const started = await ask(desk, 'POST', `/v1/threads/${thread.id}/runs`, {});
  await promise;
  return started;
}
const share = async (desk: Desk, body = {}) =>
  ask(desk, 'POST', `/v1/threads/${(await ask(desk, 'POST', '/v1/threads', {})).id}:share`, body);
const form = (name = 'file') => {
  const body = new FormData();
  body.append(name, new File(['some text'], 'a.txt', { type: 'text/plain' }));
  return body;
};
const stage = async (desk: Desk) =>
  (await send(desk, { path: '/v1/attachments/stage', init: { method: 'POST', body: form(), headers: bearer(desk) } })).body;
const bearer = ({ person }: Desk) => ({ authorization: `Bearer ${person.accessToken}` });

const failed = async (desk: Desk, params: Record<string, string>) => {
  desk.mocks.plan(() => fail());
  const { run_id } = await ask(desk, 'POST', `/v1/threads/${params.thread_id}/runs`, {});
  await send(desk, requestOf(desk, 'GET', `/v1/runs/${run_id}/events`));
  return { run_id };
};

/** A workspace, and somebody who is invited into it. */
async function invite(desk: Desk) {
  const email = 'guest@example.test';
  const { user_id } = await ask(desk, 'POST', '/v1/auth/register', { login: 'guest', password: 'Passw0rd-1', email });
  const { access_token } = await ask(desk, 'POST', '/v1/auth/email/otp/verify', { email, otp: '00000000' });
  const { id } = await ask(desk, 'POST', '/v1/accounts', { slug: 'lab', name: 'Lab' });
  const { token } = await ask(desk, 'POST', `/v1/accounts/${id}/invitations`, { email, role: 'member' });
  return { account_id: id!, token: token!, user_id: user_id!, headers: { authorization: `Bearer ${access_token}` } };
}
async function join(desk: Desk, params: Record<string, string>) {
  const { token, headers, ...ids } = await invite(desk);
  const accepting = requestOf(desk, 'POST', `/v1/account-invitations/${token}/accept`);
  await send(desk, { ...accepting, init: { ...accepting.init, headers } });
  Object.assign(params, ids);
  return {};
}
const sayIn = (desk: Desk, threadId: string) => ask(desk, 'POST', `/v1/threads/${threadId}/messages`, { content: 'Hello' });
const url = 'https://hooks.example.test/';

/** Good bodies, where an invented one breaks a rule that no shape shows. */
const bodies: Record<string, (desk: Desk, params: Record<string, string>) => unknown> = {
  'auth.login': ({ person: { login, password } }) => ({ login, password }),
  'auth.register': () => ({ login: 'ada', password: 'Passw0rd-1', email: 'ada@example.test' }),
  'auth.verifyCode': ({ person: { login } }) => ({ email: login, otp: '00000000' }),
  'auth.verifyFlowCode': ({ person: { userId } }) => ({ flow_token: userId, otp: '00000000' }),
  'bootstrap.setup': () => ({ token: 'x', login: 'ada', password: 'Passw0rd-1' }),
  'me.changePassword': ({ person: { password } }) => ({ current_password: password, new_password: 'Passw0rd-2' }),
  'me.redeem': async (desk) => {
    const batch = { count: 1, type: 'credits', value: '5' };
    const { body } = await send(desk, requestOf(desk, 'POST', '/v1/admin/redemption-codes/batch', batch));
    return { code: body[0].code };
  },
  'runs.continue': failed,
  'threads.fork': async (desk, { thread_id: id }) => ({ message_id: (await sayIn(desk, id!)).id }),
  'threads.update': () => ({ title: 'Changed' }),
  'webhookEndpoints.create': () => ({ url, events: ['run.failed'] }),
  'webhookEndpoints.update': () => ({ url }),
};

/** What else a good request needs. */
const extras: Record<
  string,
  (desk: Desk, params: Record<string, string>) => Promise<{ headers?: object; query?: Record<string, string> }>
> = {
  'accounts.removeMember': join,
  'accounts.updateMember': join,
  'auth.refresh': async (desk) => {
    const signedIn = await send(desk, requestOf(desk, 'POST', '/v1/auth/login', bodies['auth.login']!(desk, {})));
    return { headers: { cookie: signedIn.headers.get('set-cookie')!.split(';')[0] } };
  },
  'invitations.accept': async (desk, params) => {
    const { token, headers } = await invite(desk);
    params.token = token;
    return { headers };
  },
  'runs.retry': async (desk, { thread_id: id }) => sayIn(desk, id!).then(() => ({})),
  'shares.delete': async (desk, { thread_id: id }) => ({
    query: { id: (await ask(desk, 'POST', `/v1/threads/${id}:share`, {})).id! },
  }),
};

/** A body of a shape: made up, or where a rule stands against that the one that the samples of the server have. */
function bodyOf({ person }: Desk, { body }: Route, id: string): unknown {
  try {
    return fakes.of(body!, id);
  } catch (error) {
    const sample = samples[z.globalRegistry.get(body as z.ZodType)?.id ?? ''];
    if (!sample) throw error;
    // Samples differ each time; what is compared must not.
    sampled[id] ??= sample({ world: { url: baseUrl }, by: { ...person, id: person.userId } } as never, {});
    return sampled[id];
  }
}
const sampled: Record<string, unknown> = {};

/** A good request of an operation. */
async function good(desk: Desk, { id, route }: Operation): Promise<Sent> {
  const params = await makeParams(desk, route);
  if (id === 'shares.verify') params.token = (await share(desk, { access_type: 'password', password: 'x' })).token!;
  const { headers, query } = (await extras[id]?.(desk, params)) ?? {};
  const own: Record<string, string> = { account: desk.person.accountId, user: desk.person.userId };
  const ids = Object.entries(route.metadata.queryIds ?? {}).flatMap(([param, target]) => (own[target] ? [[param, own[target]]] : []));
  const search = new URLSearchParams({ ...queries[id], ...Object.fromEntries(ids), ...query }).toString();
  const path = fillPath(route.path, params as never) + (search && `?${search}`);
  if (isForm(route)) return { path, init: { method: route.method, headers: bearer(desk), body: form() } };
  const sent = requestOf(desk, route.method, path, route.body ? await (bodies[id]?.(desk, params) ?? bodyOf(desk, route, id)) : undefined);
  Object.assign(sent.init.headers, headers);
  return sent;
}

test.for(titled(() => true))('the mock does %s as the contract says', async ([, operation]) => {
  const desk = openDesk(operation.id !== 'bootstrap.setup');
  const answer = await send(desk, await good(desk, operation));
  expect([answer.status, answer.body?.message, answer.body?.details]).toEqual([answer.status, undefined, undefined]);
  expect(Object.keys(operation.route.responses)).toContain(String(answer.status));
  expectConforming(operation.route, answer);
  desk.mocks.reset();
});

test('equal seeds, times and requests bring equal answers, byte by byte', async () => {
  const talk = async (seed: number) => {
    const texts: string[] = [];
    for (const operation of operations) {
      const desk = openDesk(operation.id !== 'bootstrap.setup', seed);
      const { text, headers } = await send(desk, await good(desk, operation));
      texts.push(`${operation.id} ${JSON.stringify([...headers])} ${text}`);
      desk.mocks.reset();
    }
    return texts;
  };
  const [first, again, other] = [await talk(5), await talk(5), await talk(6)];
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});

// Refusals change nothing: one mock is enough for all of them.
const desk = openDesk();

test.for(titled(isProtected))('the mock lets nobody do %s without a credential, or with an unknown one', async ([, operation]) => {
  const path = fillPath(operation.route.path, new Proxy({}, { get: () => unknown }) as never);
  for (const [authorization, reason] of [
    [undefined, 'missing_token'],
    ['Basic Zm9v', 'invalid_authorization'],
    ['Bearer nonsense', 'invalid_token'],
  ]) {
    const answer = await send(desk, {
      path,
      init: { method: operation.route.method, headers: { ...(authorization && { authorization }) } },
    });
    expect([answer.status, answer.body.details.reason]).toEqual([401, reason]);
    expectConforming(operation.route, answer);
  }
});

const hasIds = (route: Route) => isProtected(route) && idParams(route).length > 0 && thingsIn(route.path).length > 0;
test.for(titled(hasIds))('the mock finds nothing for %s under ids that it did not give', async ([, operation]) => {
  const { id: name, route } = operation;
  const search = new URLSearchParams(queries[name]).toString();
  const at = (id: string) => {
    const path = fillPath(route.path, new Proxy({}, { get: () => id }) as never);
    return send(desk, requestOf(desk, route.method, `${path}?${search}`));
  };
  expect((await at(unknown)).status).toBe(404);
  const malformed = await at('garbage');
  expect(malformed.status).toBe(400);
  expectConforming(operation.route, malformed);
});
