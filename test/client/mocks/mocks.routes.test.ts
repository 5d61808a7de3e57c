import { expect, test } from 'vitest';
import { z } from 'zod';
import { bodies as samples } from '../../../client/conformance/samples/bodies.ts';
import type { SampleContext } from '../../../client/conformance/samples/fixtures.ts';
import { queries, requestParts } from '../../../client/conformance/samples/requests.ts';
import { createFakes } from '../../../client/mocks/fakes.ts';
import { createMocks, fail, type MockPerson, type Mocks, say, untilCancelled } from '../../../client/mocks/index.ts';
import { resourcesIn } from '../../../client/mocks/resourceTypes.ts';
import { actionAlias, fillPath } from '../../../contract/shared/path.ts';
import { isMultipart, type Route } from '../../../contract/shared/route.ts';
import type { ToolProviderGroup } from '../../../contract/toolProviders.ts';
import { expectConforming } from '../../support/http/conformance.ts';
import { idParams, isProtected, type Operation, operationRows, operations } from '../../support/http/operations.ts';

const baseUrl = 'http://localhost:19000';
const start = Date.UTC(2026, 0, 2, 3, 4, 5);
const fakes = createFakes(7, start);

type Sent = { path: string; init: RequestInit & { headers: Record<string, string> } };
type MockSession = { mocks: Mocks; person: MockPerson };

/** A mock with a signed-up user, by default a platform admin, and a fixed clock. */
function openDesk(isAdmin = true, seed = 1): MockSession {
  const mocks = createMocks({ baseUrl, seed, now: () => start, stepMs: 0 });
  return { mocks, person: mocks.state.signUp({ isAdmin }) };
}

async function send({ mocks }: MockSession, { path, init }: Sent) {
  const response = await mocks.fetch(baseUrl + path, init);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') && text !== '';
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
}

const ask = async (desk: MockSession, method: string, path: string, body?: unknown) =>
  (await send(desk, requestOf(desk, method, path, body))).body as Record<string, string>;

const requestOf = ({ person }: MockSession, method: string, path: string, body?: unknown): Sent => ({
  path,
  init: {
    method,
    headers: { authorization: `Bearer ${person.accessToken}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  },
});

/** Creates every resource in the path, outermost first, and returns the path parameters. */
async function makeParams(desk: MockSession, { path }: Route): Promise<Record<string, string>> {
  const params: Record<string, string> = {};
  for (const { kind, param } of resourcesIn(path)) params[param] = await makeThing(desk, kind.name, kind.key, params);
  for (const [, name] of path.matchAll(/\{(\w+)(?:\.\.\.)?\}/g)) params[name!] ??= others[name!] ?? unknown;
  if (path === '/v1/admin/runs/{run_id}') params.run_id = (await run(desk)).run_id!;
  if (path.startsWith('/v1/attachments/{')) params.key = (await stage(desk)).key!;
  if (path.includes('{operation_id}')) params.operation_id = (await ask(desk, 'POST', '/v1/admin/credits/bulk-adjust', { amount: 1 })).id!;
  if (path.endsWith('/replay')) await ask(desk, 'POST', fillPath(path, params), { since: new Date(start - 1_000).toISOString() });
  if (path.startsWith('/v1/s/')) params.token = (await share(desk)).token!;
  return params;
}

const unknown = fakes.id(start);
const others: Record<string, string> = { token: '0'.repeat(64), group: 'web_search', provider: 'web_search.tavily' };

async function makeThing(desk: MockSession, list: string, key: string, params: Record<string, string>): Promise<string> {
  const { mocks, person } = desk;
  if (list === '/v1/accounts') return person.accountId;
  if (list === '/v1/accounts/{account_id}/members') return person.userId;
  if (list === '/v1/runs') return (await run(desk)).run_id!;
  const fields = list.endsWith('/messages') ? { role: 'user' } : list.endsWith('/deliveries') ? { status: 'delivered' } : {};
  mocks.state.add(list as `/${string}`, fields, person, { ...params });
  const made = mocks.state.rows(list as `/${string}`)[0]![key] as string;
  // A run requires a message in its thread.
  if (list === '/v1/threads') mocks.state.add('/v1/threads/{thread_id}/messages', { role: 'user' }, person, { thread_id: made });
  return made;
}

/** A run that has sent output and continues until it is cancelled. */
async function run(desk: MockSession) {
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
const share = async (desk: MockSession, body = {}) =>
  ask(desk, 'POST', `/v1/threads/${(await ask(desk, 'POST', '/v1/threads', {})).id}:share`, body);
const form = (name = 'file') => {
  const body = new FormData();
  body.append(name, new File(['some text'], 'a.txt', { type: 'text/plain' }));
  return body;
};
const stage = async (desk: MockSession) =>
  (await send(desk, { path: '/v1/attachments/stage', init: { method: 'POST', body: form(), headers: bearer(desk) } })).body;
/** Uploads a file to the workspace of the project in the path. */
async function upload(desk: MockSession, { project_id: id }: Record<string, string>, path: string) {
  const target = `/v1/projects/${id}/workspace/file?path=${encodeURIComponent(path)}`;
  await send(desk, { path: target, init: { method: 'PUT', body: form(), headers: bearer(desk) } });
}
const bearer = ({ person }: MockSession) => ({ authorization: `Bearer ${person.accessToken}` });

const failed = async (desk: MockSession, params: Record<string, string>) => {
  desk.mocks.plan(() => fail());
  const { run_id } = await ask(desk, 'POST', `/v1/threads/${params.thread_id}/runs`, {});
  await send(desk, requestOf(desk, 'GET', `/v1/runs/${run_id}/events`));
  return { run_id };
};

/** A workspace account with an invited user. */
async function invite(desk: MockSession) {
  const email = 'guest@example.test';
  const { user_id } = await ask(desk, 'POST', '/v1/auth/register', { login: 'guest', password: 'Passw0rd-1', email });
  const { access_token } = await ask(desk, 'POST', '/v1/auth/email/otp/verify', { email, otp: '00000000', reset_access: true });
  const { id } = await ask(desk, 'POST', '/v1/accounts', { slug: 'lab', name: 'Lab' });
  const { token } = await ask(desk, 'POST', `/v1/accounts/${id}/invitations`, { email, role: 'member' });
  return { account_id: id!, token: token!, user_id: user_id!, headers: { authorization: `Bearer ${access_token}` } };
}
async function join(desk: MockSession, params: Record<string, string>) {
  const { token, headers, ...ids } = await invite(desk);
  const accepting = requestOf(desk, 'POST', `/v1/account-invitations/${token}/accept`);
  await send(desk, { ...accepting, init: { ...accepting.init, headers } });
  Object.assign(params, ids);
  return {};
}
const sayIn = (desk: MockSession, threadId: string) => ask(desk, 'POST', `/v1/threads/${threadId}/messages`, { content: 'Hello' });
/** Turns the second factor of the user on, or does only the first steps of it. */
async function enrol(desk: MockSession, steps = ['setup', 'confirm']) {
  const given: Record<string, object> = { setup: { current_password: desk.person.password }, confirm: { code: '000000' } };
  for (const step of steps) await ask(desk, 'POST', `/v1/me/second-factor/${step}`, given[step]);
}
const provider = { name: 'SSO', issuer: 'https://sso.example.test', client_id: 'arkloop', registers_users: true };
const addProvider = async (desk: MockSession) => (await ask(desk, 'POST', '/v1/admin/identity-providers', provider)).id!;
async function atProvider(desk: MockSession, params: Record<string, string>) {
  params.identity_provider_id = await addProvider(desk);
  return {};
}
const credential = { id: 'credential', rawId: 'credential', type: 'public-key' };
/** What a browser would sign for the options at a path. */
async function clientDataOf(desk: MockSession, path: string, type: string, body?: object) {
  const { public_key: options } = (await ask(desk, 'POST', path, body)) as unknown as { public_key: { challenge: string } };
  return Buffer.from(JSON.stringify({ type, challenge: options.challenge, origin: baseUrl })).toString('base64url');
}
async function attestation(desk: MockSession) {
  const clientDataJSON = await clientDataOf(desk, '/v1/me/passkeys/options', 'webauthn.create', { current_password: desk.person.password });
  return { ...credential, response: { clientDataJSON, attestationObject: 'oA' } };
}
async function assertion(desk: MockSession, path: string, body?: object) {
  await passkey(desk);
  const clientDataJSON = await clientDataOf(desk, path, 'webauthn.get', body);
  return { ...credential, response: { clientDataJSON, authenticatorData: 'AA', signature: 'AA' } };
}
const passkey = async (desk: MockSession) => ask(desk, 'POST', '/v1/me/passkeys', { name: 'Laptop', credential: await attestation(desk) });
const url = 'https://hooks.example.test/';

async function workspace(desk: MockSession, params: Record<string, string>) {
  params.account_id = (await ask(desk, 'POST', '/v1/accounts', { slug: 'lab', name: 'Lab' })).id!;
  return {};
}
async function erasable(desk: MockSession, params: Record<string, string>) {
  await workspace(desk, params);
  await ask(desk, 'POST', `/v1/accounts/${params.account_id}/erasure`, { slug: 'lab', current_password: desk.person.password });
  return {};
}

/** Valid bodies, where a generated one breaks a rule that the schema does not express. */
const bodies: Record<string, (desk: MockSession, params: Record<string, string>) => unknown> = {
  'apiKeys.create': () => ({ name: 'K', scopes: ['data.threads.read'] }),
  'asrCredentials.update': () => ({ name: 'renamed' }),
  'auth.login': ({ person: { login, password } }) => ({ login, password }),
  'auth.register': () => ({ login: 'ada', password: 'Passw0rd-1', email: 'ada@example.test' }),
  'auth.verifyCode': ({ person: { login } }) => ({ email: login, otp: '00000000', reset_access: true }),
  'auth.verifyFlowCode': ({ person: { userId } }) => ({ flow_token: userId, otp: '00000000', reset_access: true }),
  'auth.verifySecondFactor': (desk) => enrol(desk).then(() => ({ challenge_token: desk.person.userId, code: '000000' })),
  'bootstrap.setup': () => ({ token: 'x', login: 'ada', password: 'Passw0rd-1' }),
  'chatCompletions.create': () => ({ model: 'stub', messages: [{ role: 'user', content: 'Hello' }] }),
  'credits.adjust': ({ person: { accountId } }) => ({ account_id: accountId, amount: 5 }),
  'adminErasures.account': ({ person: { password } }) => ({ slug: 'lab', current_password: password }),
  'adminErasures.user': ({ person: { password } }) => ({ current_password: password }),
  'erasures.request': ({ person: { password } }) => ({ slug: 'lab', current_password: password }),
  'invitations.create': () => ({ email: 'guest@example.test', role: 'member' }),
  'mcpConfigs.getPrompt': () => ({ name: 'greet' }),
  'identities.complete': async (desk) => ({ state: `mock-${await addProvider(desk)}`, code: 'mock' }),
  'identities.confirm': async (desk) => ({ link_token: `mock-${await addProvider(desk)}` }),
  'identities.start': async (desk) => ({ identity_provider_id: await addProvider(desk), current_password: desk.person.password }),
  'identityProviders.create': () => provider,
  'identityProviders.update': () => ({ name: 'renamed' }),
  'llmProviders.create': () => ({ name: 'P', provider: 'openai', api_key: 'sk' }),
  'llmProviders.update': () => ({ name: 'renamed' }),
  'mcpConfigs.create': () => ({ name: 'M', transport: 'streamable_http', url }),
  'mcpConfigs.update': () => ({ name: 'renamed' }),
  'me.changePassword': ({ person: { password } }) => ({ current_password: password, new_password: 'Passw0rd-2' }),
  'me.redeem': async (desk) => {
    const batch = { count: 1, type: 'credits', value: '5' };
    const { body } = await send(desk, requestOf(desk, 'POST', '/v1/admin/redemption-codes/batch', batch));
    return { code: body[0].code };
  },
  'me.update': () => ({ locale: 'en', timezone: 'UTC' }),
  'messages.create': () => ({ content: 'Hello' }),
  'providerSignIn.complete': (_, { identity_provider_id: id }) => ({ state: `mock-${id}`, code: 'mock' }),
  'passkeys.confirm': async (desk) => ({ credential: await assertion(desk, '/v1/me/confirmation/options') }),
  'passkeys.register': async (desk) => ({ name: 'Laptop', credential: await attestation(desk) }),
  'passkeys.registrationOptions': ({ person: { password } }) => ({ current_password: password }),
  'passkeys.signIn': async (desk) => ({ credential: await assertion(desk, '/v1/auth/passkey/options', {}) }),
  'passkeys.signInOptions': () => ({}),
  'projects.create': () => ({ name: 'Lab' }),
  'redemptionCodes.createBatch': () => ({ count: 1, type: 'credits', value: '5' }),
  'runs.continue': failed,
  'runs.editMessage': () => ({ content: 'Hello' }),
  'runs.input': () => ({ content: 'Blue' }),
  'schedules.create': () => ({ name: 'Daily', cron: '0 9 * * *', timezone: 'UTC', input: 'Hello' }),
  'secondFactor.setUp': ({ person: { password } }) => ({ current_password: password }),
  'secondFactor.confirm': (desk) => enrol(desk, ['setup']).then(() => ({ code: '000000' })),
  'secondFactor.disable': (desk) => enrol(desk).then(() => ({ current_password: desk.person.password, code: '000000' })),
  'secondFactor.replaceRecoveryCodes': (desk) => enrol(desk).then(() => ({ code: '000000' })),
  'serviceKeys.create': () => ({ name: 'billing', scopes: ['platform.usage.read'] }),
  'serviceKeys.update': () => ({ name: 'renamed' }),
  'subscriptions.create': async (desk) => {
    const { id } = await ask(desk, 'POST', '/v1/plans', { name: 'pro', display_name: 'Pro' });
    const period = { current_period_start: '2026-01-01T00:00:00Z', current_period_end: '2026-02-01T00:00:00Z' };
    return { account_id: desk.person.accountId, plan_id: id, ...period };
  },
  'teams.addMember': ({ person: { userId } }) => ({ user_id: userId, role: 'member' }),
  'threads.fork': async (desk, { thread_id: id }) => ({ message_id: (await sayIn(desk, id!)).id }),
  'threads.update': () => ({ title: 'Changed' }),
  'toolProviders.setCredential': () => ({ api_key: 'key', base_url: url }),
  'users.update': () => ({ locale: 'en' }),
  'webhookEndpoints.create': () => ({ url, events: ['run.failed'] }),
  'webhookEndpoints.update': () => ({ url }),
  'workspaces.rename': (desk, params) => upload(desk, params, '/a.txt').then(() => ({ path: '/a.txt', new_path: '/b.txt' })),
};

/** Headers and query that a valid request needs. */
const extras: Record<
  string,
  (desk: MockSession, params: Record<string, string>) => Promise<{ headers?: object; query?: Record<string, string> }>
> = {
  'accounts.removeMember': join,
  'passkeys.confirmationOptions': (desk) => passkey(desk).then(() => ({})),
  'accounts.updateMember': join,
  'chatModels.get': async (_, params) => {
    params.model = 'stub';
    return {};
  },
  'auth.refresh': async (desk) => {
    const signedIn = await send(desk, requestOf(desk, 'POST', '/v1/auth/login', bodies['auth.login']!(desk, {})));
    return { headers: { cookie: signedIn.headers.get('set-cookie')!.split(';')[0] } };
  },
  'adminErasures.account': workspace,
  'erasures.cancel': erasable,
  'erasures.current': erasable,
  'erasures.request': workspace,
  'invitations.accept': async (desk, params) => {
    const { token, headers } = await invite(desk);
    params.token = token;
    return { headers };
  },
  'providerSignIn.complete': atProvider,
  'providerSignIn.start': atProvider,
  'runs.retry': (desk, params) => requestParts['runs.retry']!(samplesOf(desk), params),
  'shares.delete': (desk, params) => requestParts['shares.delete']!(samplesOf(desk), params),
  'sessions.delete': async (desk, params) => {
    const { body } = await send(desk, requestOf(desk, 'GET', '/v1/me/sessions'));
    params.session_id = body[0].id;
    return {};
  },
  'users.removeSecondFactor': async (desk, params) => {
    const { user_id, access_token } = await ask(desk, 'POST', '/v1/auth/register', bodies['auth.register']!(desk, {}));
    await enrol({ ...desk, person: { ...desk.person, accessToken: access_token!, password: 'Passw0rd-1' } });
    params.user_id = user_id!;
    return {};
  },
  'workspaces.archive': (desk, params) => upload(desk, params, '/samples/read.txt').then(() => ({})),
  'workspaces.delete': (desk, params) => upload(desk, params, '/samples/deleted.txt').then(() => ({})),
  'workspaces.file': (desk, params) => upload(desk, params, '/samples/read.txt').then(() => ({})),
};

/** The context of samples. Other users are the same one, whose id is known. */
function samplesOf(desk: MockSession): SampleContext {
  const by = { ...desk.person, id: desk.person.userId, token: desk.person.accessToken, email: '', cookie: '' };
  const call: SampleContext['call'] = (method, path, { body } = {}) => send(desk, requestOf(desk, method, path, body));
  return { by, admin: by, call, borrowUser: async () => by, registerUser: async () => by };
}

/** A generated body, or a sample of the conformance check if the schema has a rule that generation cannot meet. */
function bodyOf(desk: MockSession, { body }: Route, id: string): unknown {
  try {
    return fakes.of(body!, id);
  } catch (error) {
    const sample = samples[z.globalRegistry.get(body as z.ZodType)?.id ?? ''];
    if (!sample) throw error;
    // Samples differ on every call; the comparison of runs needs equal ones.
    sampled[id] ??= sample(samplesOf(desk), {});
    return sampled[id];
  }
}
const sampled: Record<string, unknown> = {};

/** A valid request of an operation. */
async function validRequest(desk: MockSession, { id, route }: Operation): Promise<Sent> {
  const params = await makeParams(desk, route);
  if (id === 'shares.verify') params.token = (await share(desk, { access_type: 'password', password: 'x' })).token!;
  const { headers, query } = (await extras[id]?.(desk, params)) ?? {};
  const own: Record<string, string> = { account: desk.person.accountId, user: desk.person.userId };
  const ids = Object.entries(route.metadata.queryIds ?? {}).flatMap(([param, target]) => (own[target] ? [[param, own[target]]] : []));
  const search = new URLSearchParams({ ...(await queries[id]?.(samplesOf(desk))), ...Object.fromEntries(ids), ...query }).toString();
  const path = fillPath(route.path, params as never) + (search && `?${search}`);
  if (isMultipart(route)) return { path, init: { method: route.method, headers: bearer(desk), body: form() } };
  const sent = requestOf(desk, route.method, path, route.body ? await (bodies[id]?.(desk, params) ?? bodyOf(desk, route, id)) : undefined);
  Object.assign(sent.init.headers, headers);
  return sent;
}

test.for(operationRows(() => true))('the mock of %s conforms to the contract', async ([, operation]) => {
  const desk = openDesk(operation.id !== 'bootstrap.setup');
  const answer = await send(desk, await validRequest(desk, operation));
  expect([answer.status, answer.body?.message, answer.body?.details]).toEqual([answer.status, undefined, undefined]);
  expect(Object.keys(operation.route.responses)).toContain(String(answer.status));
  expectConforming(operation.route, answer);
  desk.mocks.reset();
});

test.for(operationRows(({ path, method }) => actionAlias(path) !== undefined && method === 'POST'))(
  'the mock of %s replays its response at the alias',
  async ([, operation]) => {
    const desk = openDesk();
    const { path, init } = await validRequest(desk, operation);
    Object.assign(init.headers, { 'idempotency-key': 'alias' });
    const first = await send(desk, { path, init });
    const again = await send(desk, { path: path.replace(/:(\w+)$/, '/$1'), init });
    expect([again.status, again.text, again.headers.get('idempotent-replayed')]).toEqual([first.status, first.text, 'true']);
    desk.mocks.reset();
  },
);

test('equal seeds, times and requests give byte-identical responses', async () => {
  const talk = async (seed: number) => {
    const texts: string[] = [];
    for (const operation of operations) {
      const desk = openDesk(operation.id !== 'bootstrap.setup', seed);
      const { text, headers } = await send(desk, await validRequest(desk, operation));
      texts.push(`${operation.id} ${JSON.stringify([...headers])} ${text}`);
      desk.mocks.reset();
    }
    return texts;
  };
  const [first, again, other] = [await talk(5), await talk(5), await talk(6)];
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});

// Error responses change no state, so all error tests share one mock.
const desk = openDesk();

test.for(operationRows(isProtected))('the mock of %s rejects missing and unknown credentials', async ([, operation]) => {
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

const hasIds = (route: Route) => isProtected(route) && idParams(route).length > 0 && resourcesIn(route.path).length > 0;
test.for(operationRows(hasIds))('the mock of %s returns 404 for unknown ids and 400 for malformed ones', async ([, operation]) => {
  const { id: name, route } = operation;
  const search = new URLSearchParams({
    ...(name === 'shares.delete' && { id: unknown }),
    ...(await queries[name]?.(samplesOf(desk))),
  }).toString();
  const at = (id: string) => {
    const path = fillPath(route.path, new Proxy({}, { get: () => id }) as never);
    return send(desk, requestOf(desk, route.method, `${path}?${search}`));
  };
  expect((await at(unknown)).status).toBe(404);
  const malformed = await at('garbage');
  expect(malformed.status).toBe(400);
  expectConforming(operation.route, malformed);
});

test('a search shows the text around the first match in the newest message that matches', async () => {
  const desk = openDesk();
  const hundred = '👍'.repeat(100);
  const contents = [['word one', `${hundred}WORD two word`, 'none'], [`word${hundred.repeat(2)}`], ['none']];
  for (const [at, messages] of contents.entries()) {
    const { id } = await ask(desk, 'POST', '/v1/threads', { title: at === 2 ? 'a word' : 'title' });
    for (const content of messages) await ask(desk, 'POST', `/v1/threads/${id}/messages`, { content });
  }
  const { body } = await send(desk, requestOf(desk, 'GET', '/v1/threads/search?q=Word'));
  expect(body.map(({ snippet }: { snippet: string | null }) => snippet)).toEqual([
    null,
    `word${'👍'.repeat(116)}…`,
    `…${'👍'.repeat(40)}WORD two word`,
  ]);
});

test.each([1, 2, 3, 4])('tool providers show what was set before, with seed %d', async (seed) => {
  const desk = openDesk(true, seed);
  const of = (name: string) => `/v1/tool-providers/web_search/web_search.${name}`;
  const status = async (method: string, path: string, body?: unknown) => (await send(desk, requestOf(desk, method, path, body))).status;
  const groups = async (scope: string) =>
    (await ask(desk, 'GET', `/v1/tool-providers?scope=${scope}`)).groups as unknown as ToolProviderGroup[];
  const untouched = await groups('account');
  expect(untouched.map(({ group_name }) => group_name)).toEqual(['web_search', 'web_fetch']);
  expect(untouched.flatMap(({ providers }) => providers).filter((each) => each.is_active || each.key_prefix || each.base_url)).toEqual([]);
  expect(await status('PUT', `${of('tavily')}/activate?scope=account`)).toBe(204);
  expect(await status('PUT', `${of('duckduckgo')}/activate?scope=account`)).toBe(204);
  expect(await status('PUT', `${of('tavily')}/credential?scope=account`, { api_key: 'key-of-tavily' })).toBe(204);
  const [search] = await groups('account');
  expect(search!.providers.map((each) => [each.provider_name, each.is_active, each.configured])).toEqual([
    ['web_search.tavily', false, true],
    ['web_search.searxng', false, false],
    ['web_search.duckduckgo', true, true],
  ]);
  expect(await groups('platform')).toEqual(untouched);
  expect(await status('PUT', '/v1/tool-providers/web_fetch/web_search.tavily/activate?scope=account')).toBe(404);
  expect(await status('PUT', `${of('searxng')}/credential?scope=account`, { base_url: '' })).toBe(400);
});
