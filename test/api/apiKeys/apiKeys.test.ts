import { describe, expect, test } from 'vitest';
import { recordStatements } from '../../support/app/recordStatements.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';

const { call, sql, signUp, joinAccount, promote, database } = await startTestApp({}, { worker: false });

const create = (token: string, body: object = {}, headers: Record<string, string> = {}) =>
  call('POST', '/v1/api-keys', { token, body: { name: 'a key', ...body }, headers });
const keyOf = async (token: string, body: object = {}, headers: Record<string, string> = {}) => (await create(token, body, headers)).body;
const list = (token: string, query = '', headers: Record<string, string> = {}) => call('GET', `/v1/api-keys${query}`, { token, headers });
const revoke = (token: string, id: string, headers: Record<string, string> = {}) =>
  call('DELETE', `/v1/api-keys/${id}`, { token, headers });
const threads = (token: string, headers: Record<string, string> = {}) => call('GET', '/v1/threads', { token, headers });
const inAccount = ({ accountId }: Person) => ({ 'x-account-id': accountId });

describe('API key secrets', () => {
  test('the key is returned once, in the documented format, and only its hash is stored', async () => {
    const { token } = await signUp();
    const made = await create(token);
    expect([made.status, made.body.key, made.body.key_prefix]).toEqual([
      201,
      expect.stringMatching(/^al_[0-9A-Za-z]{32}$/),
      made.body.key.slice(0, 7),
    ]);
    expect(made.headers.get('cache-control')).toBe('no-store');
    const { key, ...rest } = made.body;
    expect((await list(token)).body).toEqual([rest]);
    const dump = JSON.stringify([
      await sql('select k::text from api_keys k'),
      await sql('select l::text from audit_logs l'),
      await sql('select i::text from idempotency_keys i'),
    ]);
    expect(dump).not.toContain(key);
    expect(dump).not.toContain(key.slice(7));
    expect((await keyOf(token)).key).not.toBe(key);
  });

  test('a malformed key is rejected without a database query', async () => {
    const { token } = await signUp();
    const { key } = await keyOf(token);
    const last = key.at(-1) === 'a' ? 'b' : 'a';
    const junk = [
      key.slice(0, -1),
      `${key}0`,
      key.slice(0, -1) + last,
      key.replace('al_', 'AL_'),
      key.replace('al_', 'Al_'),
      `al_${'0'.repeat(32)}`,
      `${key.slice(0, -1)}é`,
    ];
    const { texts, stop } = recordStatements(database);
    for (const bad of junk.slice(0, -1)) expect([bad, ...statusAndReason(await threads(bad))]).toEqual([bad, 401, 'invalid_token']);
    expect(texts).toEqual([]);
    expect((await threads(key)).status).toBe(200);
    expect(texts.length).toBeGreaterThan(0);
    stop();
  });

  test('a repeated creation with the same idempotency key returns the same key and adds no row', async () => {
    const { token } = await signUp();
    const headers = { 'idempotency-key': 'once' };
    const [first, again] = [await create(token, {}, headers), await create(token, {}, headers)];
    expect(again.body).toEqual(first.body);
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect((await list(token)).body).toHaveLength(1);
    expect(statusAndReason(await create(token, { name: 'other' }, headers))).toEqual([409, 'idempotency_key_reused']);
    expect((await threads(again.body.key)).status).toBe(200);
  });
});

describe('API key permissions', () => {
  test('an account may have 100 keys per user, also when many are created at once', async () => {
    const { id, token, accountId } = await signUp();
    await sql(
      `insert into api_keys (account_id, id, user_id, name, key_prefix, key_hash, scopes, inherits_permissions)
       select $1, gen_random_uuid(), $2, 'bulk', 'al_0000', gen_random_uuid()::text, '{}', true from generate_series(1, 97)`,
      [accountId, id],
    );
    const answers = await Promise.all(Array.from({ length: 12 }, () => create(token)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, ...Array(9).fill(409)]);
    expect(statusAndReason(await create(token))).toEqual([409, 'quota_exceeded']);
    await revoke(token, answers.find(({ status }) => status === 201)!.body.id);
    expect((await create(token)).status).toBe(201);
  });

  test('invalid names and scopes are rejected with their paths', async () => {
    const { token } = await signUp();
    const bad = [
      { name: '' },
      { name: ' ' },
      { name: 'x'.repeat(201) },
      { name: null },
      { name: ['x'] },
      { scopes: 'data.threads.read' },
      { scopes: Array(65).fill('data.threads.read') },
      { scopes: [1] },
      { user_id: 'x' },
      { key: 'al_' },
    ];
    for (const body of bad) expect([body, (await create(token, body)).status]).toEqual([body, 400]);
    const unknown = await create(token, { scopes: ['data.threads.read', 'no.such.perm', ' data.runs.read ', 'constructor'] });
    expect([unknown.status, unknown.body.details.issues.map(({ path }: { path: string }) => path)]).toEqual([
      400,
      ['/scopes/1', '/scopes/3'],
    ]);
    const useless = await create(token, { scopes: ['data.threads.read', 'data.secrets.manage'] });
    expect([...statusAndReason(useless), useless.body.details.issues[0].path]).toEqual([400, 'scope_unusable', '/scopes/1']);
  });

  test('a caller can grant only permissions they hold, and no platform permission', async () => {
    const [host, member, chief] = [await signUp(), await signUp(), await signUp()];
    await joinAccount(member, host);
    await promote(chief);
    const refused = await create(
      member.token,
      { scopes: ['data.threads.read', 'data.secrets.manage', 'data.webhooks.manage'] },
      inAccount(host),
    );
    expect([refused.status, refused.body.details]).toEqual([
      403,
      { reason: 'scope_not_grantable', scopes: ['data.secrets.manage', 'data.webhooks.manage'] },
    ]);
    for (const { token } of [chief, host])
      expect(statusAndReason(await create(token, { scopes: ['platform.admin'] }))).toEqual([403, 'scope_not_grantable']);
    const { key } = await keyOf(chief.token);
    const provider = { scope: 'platform', name: 'n', provider: 'openai', api_key: 'sk-x' };
    expect(statusAndReason(await call('POST', '/v1/llm-providers', { token: key, body: provider }))).toEqual([403, 'api_key_not_allowed']);
    const denied = await sql(
      `select metadata from audit_logs where action = 'api_key.create' and metadata ->> 'result' = 'denied' and actor_user_id = $1`,
      [member.id],
    );
    expect(denied).toEqual([{ metadata: { result: 'denied', deny_reason: 'scope_not_grantable' } }]);
  });

  test('a key is limited to its scopes and to the permissions of its creator', async () => {
    const { token } = await signUp();
    const none = await keyOf(token, { scopes: [] });
    const reader = await keyOf(token, { scopes: [' data.threads.read', 'data.threads.read', 'data.runs.read'] });
    const all = await keyOf(token, { scopes: null });
    expect([none.scopes, none.inherits_permissions]).toEqual([[], false]);
    expect([reader.scopes, reader.inherits_permissions]).toEqual([['data.runs.read', 'data.threads.read'], false]);
    expect([all.scopes, all.inherits_permissions]).toEqual([[], true]);
    const open = (key: string) => call('POST', '/v1/threads', { token: key, body: {} });
    expect([(await threads(none.key)).status, (await threads(reader.key)).status, (await threads(all.key)).status]).toEqual([
      403, 200, 200,
    ]);
    expect(statusAndReason(await open(reader.key))).toEqual([403, 'missing_permission']);
    expect((await open(all.key)).status).toBe(201);
    for (const { key } of [none, reader, all]) expect(statusAndReason(await create(key))).toEqual([403, 'api_key_not_allowed']);
  });

  test('a key loses permissions when its creator loses them', async () => {
    const [host, person] = [await signUp(), await signUp()];
    await joinAccount(person, host, 'admin');
    const keys = [
      await keyOf(person.token, {}, inAccount(host)),
      await keyOf(person.token, { scopes: ['data.threads.read'] }, inAccount(host)),
    ];
    for (const { key } of keys) expect((await threads(key)).status).toBe(200);
    await sql(`update memberships set role = 'guest' where user_id = $1 and account_id = $2`, [person.id, host.accountId]);
    await sql(`select pg_notify('arkloop_access', $1)`, [person.id]);
    for (const { key } of keys) await expect.poll(async () => statusAndReason(await threads(key))).toEqual([403, 'missing_permission']);
  });

  test('a key is valid in its own account only', async () => {
    const [host, person] = [await signUp(), await signUp()];
    await joinAccount(person, host);
    const { key } = await keyOf(person.token);
    expect((await threads(key, inAccount(person))).status).toBe(200);
    expect((await threads(key, inAccount(host))).status).toBe(404);
    expect((await threads(key, { 'x-account-id': 'x' })).status).toBe(400);
  });
});
