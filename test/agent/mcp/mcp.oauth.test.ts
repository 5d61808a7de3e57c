import { pino } from 'pino';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createOutboundClient } from '../../../server/platform/outbound/outbound.ts';
import { createAccessTokens } from '../../../server/resources/mcpConfigs/oauth/accessTokens.ts';
import { dataOf, openScriptedThread } from '../../support/agent/agent.ts';
import { addMcpConfig, callToolText, openMcp } from '../../support/agent/mcp.ts';
import { callsTools } from '../../support/agent/tools.ts';
import { chat } from '../../support/agent/vendor.ts';
import { type Person, startTestApp, testKeys } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { grantAccess, startAuthorizationServer, startProtectedServer } from '../../support/mcp/authorizationServer.ts';

const app = await startTestApp({ ARKLOOP_GATEWAY_CORS_ALLOWED_ORIGINS: 'https://chat.example.test' });
const { call, signUp, joinAccount, sql } = app;

const pathOf = (id: string, more = '') => `/v1/mcp-configs/${id}/authorization${more}`;
const start = (person: Person, id: string, headers = {}) => call('POST', pathOf(id), { token: person.token, headers });
const complete = ({ token }: Pick<Person, 'token'>, id: string, body: object) => call('POST', pathOf(id, '/complete'), { token, body });
const statusOf = async ({ token }: Person, id: string) =>
  (await call('GET', '/v1/mcp-configs', { token })).body.find((config: { id: string }) => config.id === id).authorization;

/** A user with a tool server that requires access tokens. */
async function openScene(metadata: object = {}) {
  const authorizationServer = await startAuthorizationServer();
  const server = await startProtectedServer(
    authorizationServer,
    (mcp) => {
      mcp.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }, { requestInfo }) => ({
        content: [{ type: 'text', text: `${text} ${JSON.stringify(requestInfo?.headers)}` }],
      }));
    },
    { metadata },
  );
  const person = await signUp();
  const { id } = await addMcpConfig(app, person, { name: 'web', transport: 'streamable_http', url: server.url });
  const connect = async (by = person) => {
    const started = await start(by, id);
    if (started.status !== 200) throw new Error(started.text);
    const { code, state } = await grantAccess(started.body.authorization_url);
    return complete(by, id, { code, state });
  };
  const row = async () => (await sql('select * from mcp_configs where id = $1', [id]))[0];
  return { authorizationServer, server, person, id, connect, row };
}

test('a user connects a server that requires authorization, and runs use the access, which is renewed and never shown', async () => {
  const log: string[] = [];
  const { authorizationServer, server, person, id, connect, row } = await openScene();
  const talk = await openScriptedThread(app, {
    person,
    script: [chat.answer('No tools.'), callsTools(['mcp__web__echo', { text: 'hi' }]), chat.answer('Done.')],
  });

  // Without access, the run does without the tools and says why.
  const without = await talk.run();
  expect(dataOf(without.events, 'run.mcp_discovery')[0]).toMatchObject({
    status: 'failed',
    servers: [{ server_id: id, outcome: 'failed', error_class: 'mcp.unauthorized' }],
  });
  expect(without.events.at(-1)!.type).toBe('run.completed');
  expect(await statusOf(person, id)).toBe('required');
  const test = await call('POST', `/v1/mcp-configs/${id}/test`, { token: person.token });
  expect(test.body).toMatchObject({ success: false, authorization: 'required', error: 'The tool server requires authorization.' });

  const started = await start(person, id);
  const address = new URL(started.body.authorization_url);
  expect(Object.fromEntries(address.searchParams)).toEqual({
    response_type: 'code',
    client_id: expect.any(String),
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge_method: 'S256',
    redirect_uri: `http://localhost:19000/oauth/mcp/${id}`,
    state: expect.stringMatching(/^[\w-]{43}$/),
    scope: 'tools offline_access',
    prompt: 'consent',
    resource: server.url,
  });
  const { code, state } = await grantAccess(started.body.authorization_url);
  const completed = await complete(person, id, { code, state });
  expect([completed.status, completed.body.authorization]).toEqual([200, 'authorized']);

  // The workers see the new access at once. Both must renew the token now: only one may use the refresh token.
  const workers = [await openMcp(app, { log }), await openMcp(app, { log })];
  const found = await Promise.all(workers.map((worker) => worker.tools({ account_id: person.accountId })));
  expect(found.map(({ tools, steps }) => [tools.length, steps])).toEqual([
    [1, []],
    [1, []],
  ]);
  authorizationServer.behavior.slowMs = 300;
  authorizationServer.revokeAccess();
  const answers = await Promise.all(
    found.flatMap(({ tools }) => [
      callToolText(tools, 'mcp__web__echo', { text: 'a' }),
      callToolText(tools, 'mcp__web__echo', { text: 'b' }),
    ]),
  );
  expect(authorizationServer.requests.filter(({ body }) => body.includes('grant_type=refresh_token'))).toHaveLength(1);
  expect(authorizationServer.grants).toMatchObject([{ isEnded: false }]);

  const { events } = await talk.run();
  expect(JSON.stringify(dataOf(events, 'tool.result')[0]!.result)).toContain('hi');

  // Nothing shows a token, a secret or a verifier: neither answers and events nor prompts, logs and rows.
  const stored = await row();
  const audits = await sql('select * from audit_logs where account_id = $1', [person.accountId]);
  const list = await call('GET', '/v1/mcp-configs', { token: person.token });
  const shown = JSON.stringify([completed.text, list.text, answers, events, talk.vendor.requests, log, audits, stored]);
  const secrets = [
    ...authorizationServer.grants.flatMap(({ access, refresh }) => [access, refresh]),
    ...[...authorizationServer.clients.values()].map(({ client_secret }) => client_secret!),
    code,
  ];
  expect(secrets.length).toBeGreaterThan(3);
  for (const secret of secrets) expect(shown).not.toContain(secret);
  expect(shown).toContain('******');
  expect(Buffer.isBuffer(stored.oauth_sealed)).toBe(true);

  // Disconnecting deletes all of it, and closes the connections.
  expect((await call('DELETE', pathOf(id), { token: person.token })).status).toBe(204);
  expect(await row()).toMatchObject({ oauth_status: null, oauth_sealed: null, oauth_request_sealed: null });
  const seen = server.seen.length;
  await expect(callToolText(found[0]!.tools, 'mcp__web__echo', { text: 'c' })).rejects.toMatchObject({ errorClass: 'mcp.unauthorized' });
  expect(server.seen.slice(seen).every((authorization) => authorization === undefined)).toBe(true);
  expect((await connect()).body.authorization).toBe('authorized');
});

test('only the session that has started an authorization completes it, once and in time', async () => {
  const { authorizationServer, person, id } = await openScene();
  const colleague = await signUp();
  await joinAccount(colleague, person, 'admin');
  const headers = { 'x-account-id': person.accountId };
  const otherSession = (await call('POST', '/v1/auth/login', { body: { login: person.login, password: person.password } })).body
    .access_token;
  const { code, state } = await grantAccess((await start(person, id)).body.authorization_url);
  const second = await addMcpConfig(app, person, { name: 'second', transport: 'streamable_http', url: 'https://mcp.example.test/mcp' });
  const tokenRequests = () => authorizationServer.count('/token');

  const invalid = [400, 'invalid_state'];
  expect(statusAndReason(await complete({ token: otherSession }, id, { code, state }))).toEqual(invalid);
  expect(statusAndReason(await call('POST', pathOf(id, '/complete'), { token: colleague.token, headers, body: { code, state } }))).toEqual(
    invalid,
  );
  expect(statusAndReason(await complete(person, second.id, { code, state }))).toEqual(invalid);
  expect(statusAndReason(await complete(person, id, { code, state: `${state}x` }))).toEqual(invalid);
  expect(tokenRequests()).toBe(0);

  // Of parallel attempts one wins, and the code is sent once.
  const both = await Promise.all([complete(person, id, { code, state }), complete(person, id, { code, state })]);
  expect(both.map(({ status }) => status).sort()).toEqual([200, 400]);
  expect(statusAndReason(await complete(person, id, { code, state }))).toEqual(invalid);
  expect(tokenRequests()).toBe(1);

  // A failed attempt uses up the state; a code of another authorization does not fit the verifier.
  const [mine, theirs] = [await start(person, id), await call('POST', pathOf(id), { token: colleague.token, headers })];
  const [granted, foreign] = [await grantAccess(mine.body.authorization_url), await grantAccess(theirs.body.authorization_url)];
  expect(statusAndReason(await complete(person, id, { code: granted.code, state: granted.state }))).toEqual(invalid);
  const again = await start(person, id);
  const good = await grantAccess(again.body.authorization_url);
  const injected = await complete(person, id, { code: foreign.code, state: good.state });
  expect([injected.status, injected.body.details.reason, injected.text.includes(foreign.code)]).toEqual([
    502,
    'authorization_failed',
    false,
  ]);
  expect(statusAndReason(await complete(person, id, { code: good.code, state: good.state }))).toEqual(invalid);

  const late = await grantAccess((await start(person, id)).body.authorization_url);
  await sql(`update mcp_configs set oauth_request_expires_at = now() where id = $1`, [id]);
  expect(statusAndReason(await complete(person, id, { code: late.code, state: late.state }))).toEqual(invalid);
  expect(await statusOf(person, id)).toBe('authorized');

  // The access is for one URL.
  const moved = await grantAccess((await start(person, id)).body.authorization_url);
  const update = (body: object) => call('PATCH', `/v1/mcp-configs/${id}`, { token: person.token, body });
  expect((await update({ name: 'renamed' })).body.authorization).toBe('authorized');
  expect((await update({ url: 'https://evil.example.test/mcp' })).body.authorization).toBe('none');
  expect(statusAndReason(await complete(person, id, { code: moved.code, state: moved.state }))).toEqual(invalid);
  expect((await update({ bearer_token: 'a-static-token' })).status).toBe(200);
  expect(statusAndReason(await start(person, id))).toEqual([409, 'not_connectable']);
});

test('an access that cannot be renewed expires; an authorization server that is down does not end it', async () => {
  const { authorizationServer, person, id, connect, row } = await openScene();
  const { behavior } = authorizationServer;
  await connect();
  const mcp = await openMcp(app);
  const { tools } = await mcp.tools({ account_id: person.accountId });
  const echo = () => callToolText(tools, 'mcp__web__echo', { text: 'x' });
  await echo();

  behavior.down = true;
  authorizationServer.revokeAccess();
  await expect(echo()).rejects.toMatchObject({ errorClass: 'mcp.disconnected' });
  expect(await statusOf(person, id)).toBe('authorized');
  behavior.down = false;
  expect(await echo()).toContain('x');

  authorizationServer.endGrants();
  await expect(echo()).rejects.toMatchObject({ errorClass: 'mcp.unauthorized', message: expect.stringContaining('granted again') });
  expect([await statusOf(person, id), (await row()).oauth_sealed]).toEqual(['expired', null]);

  // Without a refresh token the access ends with its token. The list tells it without a run.
  behavior.refreshes = false;
  expect((await connect()).body.authorization).toBe('authorized');
  expect((await row()).oauth_ends_at).not.toBeNull();
  await sql(`update mcp_configs set oauth_ends_at = now() where id = $1`, [id]);
  expect(await statusOf(person, id)).toBe('expired');

  // A token that is about to expire is renewed before it is used.
  Object.assign(behavior, { refreshes: true, expiresIn: 5 });
  await connect();
  behavior.expiresIn = 3_600;
  const refreshes = () => authorizationServer.requests.filter(({ body }) => body.includes('grant_type=refresh_token')).length;
  const before = refreshes();
  expect((await mcp.tools({ account_id: person.accountId })).tools).toHaveLength(1);
  expect(refreshes()).toBe(before + 1);

  // What servers say about the end of a token is not always an end.
  for (const expiresIn of [-1, 0, 1e300]) {
    Object.assign(behavior, { refreshes: false, expiresIn });
    expect([expiresIn, (await connect()).body.authorization]).toEqual([expiresIn, 'authorized']);
  }
});

test('tokens go only to the server and the configuration for which they were granted', async () => {
  const { authorizationServer, person, id, connect, row } = await openScene();
  const change = (body: object) => call('PATCH', `/v1/mcp-configs/${id}`, { token: person.token, body });
  await connect();
  const outbound = createOutboundClient({ allowLoopbackHttp: true, trustFakeIp: false });
  const deps = { keys: testKeys, database: app.database, outbound, log: pino({ level: 'silent' }) as never };
  const [tokens, others] = [createAccessTokens(deps, await row()), createAccessTokens(deps, await row())];
  const first = (await tokens.current())!;

  // A connection to the earlier URL, whose server rejects its token, neither gets nor ends the access to the later one.
  const later = await startProtectedServer(authorizationServer, () => undefined);
  await change({ url: later.url });
  expect((await connect()).body.authorization).toBe('authorized');
  expect([await tokens.replace(first), await tokens.current()]).toEqual([undefined, undefined]);
  for (const each of [tokens, others]) await each.giveUp(first);
  expect(await statusOf(person, id)).toBe('authorized');
  await change({ url: 'https://mcp.example.test/mcp' });
  expect(await tokens.replace(undefined)).toBe(undefined);
  expect(await statusOf(person, id)).toBe('none');
  await outbound.close();

  // Disconnecting wins over an authorization that is being completed.
  await change({ url: later.url });
  authorizationServer.behavior.duringExchange = () => call('DELETE', pathOf(id), { token: person.token });
  expect(statusAndReason(await connect())).toEqual([400, 'invalid_state']);
  expect(await row()).toMatchObject({ oauth_status: null, oauth_sealed: null });
});

test.each<[string, { resource?: object; server?: (url: string) => object }, string]>([
  ['of another server', { resource: { resource: 'https://other.example.test/mcp' } }, 'describes another server'],
  ['that name a private authorization server', { resource: { authorization_servers: ['http://10.0.0.1:8080'] } }, 'must be https'],
  ['that name an inner authorization server', { resource: { authorization_servers: ['https://10.0.0.1'] } }, 'not public'],
  ['with the issuer of another server', { server: () => ({ issuer: 'https://honest.example.test' }) }, 'issuer does not match'],
  ['without PKCE', { server: () => ({ code_challenge_methods_supported: undefined }) }, 'does not support PKCE'],
  ['without registration', { server: () => ({ registration_endpoint: undefined }) }, 'registration of clients'],
  ['with a private page', { server: () => ({ authorization_endpoint: 'https://169.254.169.254/authorize' }) }, 'not public'],
  ['with a script as page', { server: () => ({ authorization_endpoint: 'javascript:alert(1)' }) }, 'not valid'],
  ['with a private registration', { server: () => ({ registration_endpoint: 'https://192.168.0.1/register' }) }, 'not public'],
  ['with a scope that is too long', { resource: { scopes_supported: ['x'.repeat(20_000)] } }, 'too long'],
  ['that are too long', { server: () => ({ service_documentation: `https://a.test/${'x'.repeat(300_000)}` }) }, 'not valid'],
])('metadata %s are not used', async (_what, { resource = {}, server }, message) => {
  const { authorizationServer, person, id } = await openScene(resource);
  authorizationServer.behavior.metadata = server?.(authorizationServer.url) ?? {};
  const answer = await start(person, id);
  expect(statusAndReason(answer)).toEqual([502, 'authorization_failed']);
  expect(answer.body.message).toContain(message);
  expect(authorizationServer.grants).toEqual([]);
});

test('mixed up authorization servers do not get codes, and tokens go to no private address', async () => {
  const { authorizationServer, person, id } = await openScene();
  const { behavior, url } = authorizationServer;
  // The answer of another authorization server, with an issuer (RFC 9207).
  behavior.metadata = { authorization_response_iss_parameter_supported: true };
  for (const iss of [undefined, 'https://other.example.test', `${url}/`]) {
    const granted = await grantAccess((await start(person, id)).body.authorization_url);
    const answer = await complete(person, id, { code: granted.code, state: granted.state, ...(iss && { iss }) });
    expect([answer.status, answer.body.message]).toEqual([502, expect.stringContaining('issuer does not match')]);
  }
  expect(authorizationServer.count('/token')).toBe(0);
  const granted = await grantAccess((await start(person, id)).body.authorization_url);
  // Each server has a callback address of its own, so that the answer for one is not taken for another.
  expect(granted.callback.pathname).toBe(`/oauth/mcp/${id}`);
  expect((await complete(person, id, { code: granted.code, state: granted.state, iss: url })).status).toBe(200);

  behavior.metadata = { token_endpoint: 'https://10.0.0.1/token' };
  const denied = await grantAccess((await start(person, id)).body.authorization_url);
  const answer = await complete(person, id, { code: denied.code, state: denied.state });
  expect([answer.status, answer.body.message]).toEqual([502, expect.stringContaining('not public')]);
});

test.each([
  ['https://chat.example.test', 'https://chat.example.test'],
  ['http://127.0.0.1:5173', 'http://127.0.0.1:5173'],
  ['https://evil.example.test', 'http://localhost:19000'],
  ['null', 'http://localhost:19000'],
])('a front end at %s gets the user back at %s', async (origin, expected) => {
  const { person, id } = await openScene();
  const started = await start(person, id, { origin });
  const { searchParams } = new URL(started.body.authorization_url);
  expect(searchParams.get('redirect_uri')).toBe(`${expected}/oauth/mcp/${id}`);
});
