import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { SealedColumn } from '../../../server/database/sealedColumns.ts';
import { newId, sha256 } from '../../../server/platform/crypto/ids.ts';
import { type Keyring, keyringOf } from '../../../server/platform/crypto/keyring.ts';
import { seal, unseal } from '../../../server/platform/crypto/seal.ts';
import { sealedColumns } from '../../../server/processes/keyRotation/columns.ts';
import { signingContext } from '../../../server/resources/erasures/signingContext.ts';
import { encryptionContext as shareContext } from '../../../server/resources/shares/token.ts';
import { type ServerProcess, startProcess } from '../../support/app/process.ts';
import { type Call, callTo, freshDatabase } from '../../support/app/testApp.ts';
import { oidcClient, startOidcProvider } from '../../support/identity/oidcProvider.ts';
import { eventually, openThread, startRun } from '../../support/resources/conversation.ts';
import { appCode, enrol } from '../../support/resources/secondFactor.ts';
import { startRotation } from './rotation.ts';

/*
 * The procedure of docs/guides/key-rotation.md on a running installation: an API and a worker that serve requests in every step.
 */

const hex = () => randomBytes(32).toString('hex');
const [oldKey, newKey, oldSecret, newSecret] = [hex(), hex(), hex(), hex()];
const ringOf = (...keys: string[]): Keyring =>
  keyringOf(
    keys.map((key) => Buffer.from(key, 'hex')),
    { namesKeys: true },
  );
const idOf = (key: string) => ringOf(key).keys[0].id;

/** The variables of each step. */
const steps = {
  before: { ARKLOOP_ENCRYPTION_KEY: oldKey, ARKLOOP_AUTH_JWT_SECRET: oldSecret },
  'the new keys are known': {
    ARKLOOP_ENCRYPTION_KEYS: `${oldKey},${newKey}`,
    ARKLOOP_AUTH_JWT_SECRETS: `${oldSecret},${newSecret}`,
  },
  'the new keys are used': {
    ARKLOOP_ENCRYPTION_KEYS: `${newKey},${oldKey}`,
    ARKLOOP_AUTH_JWT_SECRETS: `${newSecret},${oldSecret}`,
  },
  'the old keys are gone': { ARKLOOP_ENCRYPTION_KEYS: newKey, ARKLOOP_AUTH_JWT_SECRETS: newSecret },
};

/** An API, and a worker except in the first step. A step starts new ones first and stops the others then, as a rolling update does. */
function newInstallation(databaseUrl: string) {
  let running: ServerProcess[] = [];
  const urls: string[] = [];
  let turn = 0;
  const call: Call = (...request) => callTo(urls[turn++ % urls.length]!)(...request);
  async function enter(step: keyof typeof steps, overlapMs = 0) {
    const env = {
      ...steps[step],
      ARKLOOP_DATABASE_URL: databaseUrl,
      ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: '0',
      ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0',
      ARKLOOP_SMTP_HOST: '127.0.0.1',
      ARKLOOP_EMAIL_FROM: 'api@example.test',
    };
    const roles = step === 'before' ? ['api'] : ['api', 'worker'];
    const started = await Promise.all(roles.map((role) => startProcess(role, env)));
    urls.push(started[0]!.url);
    await sleep(overlapMs);
    urls.splice(0, urls.length, started[0]!.url);
    for (const each of running) each.kill('SIGTERM');
    for (const each of running) expect(await each.exited).toEqual({ code: 0, signal: null });
    running = started;
    return started.map((each) => each.output());
  }
  return { call, enter };
}

async function must(call: Call, method: string, path: string, options: Parameters<Call>[2]) {
  const answer = await call(method, path, options);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
}

type Value = { name: string; owner: string; sealed: Buffer };

async function valuesOf(sql: Sql, { table, column, path, columns, ownerOf }: SealedColumn): Promise<Value[]> {
  const value = path ? `${column} #>> '{${path.join(',')}}'` : column;
  const rows = await sql(`select ${[`${value} as "sealed value"`, ...columns].join(', ')} from ${table} where ${value} is not null`);
  return rows.map((row) => {
    const stored = row['sealed value'] as Buffer | string;
    const sealed = typeof stored === 'string' ? Buffer.from(stored, 'base64') : stored;
    return { name: `${table}.${column}`, owner: ownerOf(row), sealed };
  });
}

const allValues = async (sql: Sql) => (await Promise.all(sealedColumns().map((column) => valuesOf(sql, column)))).flat();

/** Everything that a ring opens. Throws if it does not open everything. */
const openAll = async (sql: Sql, ring: Keyring) =>
  (await allValues(sql)).map(({ name, owner, sealed }) => `${name} of ${owner}: ${unseal(ring, sealed, owner).toString('base64')}`).sort();

type Sql = (text: string, values?: unknown[]) => Promise<any[]>;

async function openSql(databaseUrl: string): Promise<Sql> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  onTestFinished(() => pool.end());
  return async (text, values = []) => (await pool.query(text, values)).rows;
}

/** Rows of any table, marked or not, with a value that names the key. */
async function rowsThatName(sql: Sql, key: string): Promise<string[]> {
  const header = Buffer.concat([Buffer.of(2), Buffer.from(idOf(key), 'hex')]);
  const tables = await sql(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in (current_schema(), 'graphile_worker') and c.relkind = 'r'`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const forms = [`x${header.toString('hex')}`, header.toString('base64')];
    const [{ n }] = await sql(`select count(*)::int as n from ${name} t where t::text like any ($1)`, [forms.map((form) => `%${form}%`)]);
    if (n > 0) found.push(name);
  }
  return found.sort();
}

async function signUp(call: Call, sql: Sql) {
  const login = `user-${randomBytes(6).toString('hex')}`;
  const person = { login, email: `${login}@example.test`, password: 'Passw0rd-1' };
  const { body } = await must(call, 'POST', '/v1/auth/register', { body: person });
  const [{ id: accountId }] = await sql(`select id from accounts where owner_user_id = $1 and type = 'personal'`, [body.user_id]);
  return { ...person, id: body.user_id as string, token: body.access_token as string, cookie: '', accountId: accountId as string };
}
type Person = Awaited<ReturnType<typeof signUp>>;

/** Writes a value to every sealed column: through the API, and where that needs other servers, directly. */
async function fill(call: Call, sql: Sql, person: Person) {
  const { token, accountId } = person;
  const post = async (path: string, body: object, headers = {}) => (await must(call, 'POST', path, { token, body, headers })).body;
  const put = async (path: string, body: object) => (await must(call, 'PUT', path, { token, body })).body;
  const thread = await openThread({ call }, person);
  const share = await post(`/v1/threads/${thread}:share`, { access_type: 'password', password: 'Passw0rd-2' });
  await post('/v1/llm-providers', { name: 'Upstream', provider: 'openai', api_key: 'sk-provider' });
  await post('/v1/asr-credentials', { name: 'Speech', provider: 'openai', api_key: 'sk-speech', model: 'whisper-1' });
  await put('/v1/tool-providers/web_search/web_search.tavily/credential?scope=account', { api_key: 'tvly-search' });
  const hook = await post('/v1/webhook-endpoints', {
    url: 'https://hooks.example.test/',
    events: ['run.failed'],
    headers: { 'x-key': 'hook' },
  });
  await post(`/v1/webhook-endpoints/${hook.id}/rotate-secret`, {});
  const tools = await post('/v1/mcp-configs', {
    name: 'tools',
    transport: 'streamable_http',
    url: 'https://mcp.example.test/',
    bearer_token: 'mcp-token',
  });
  await put('/v1/admin/email/config', { from: 'a@example.test', smtp_host: '127.0.0.1', smtp_port: 2525, smtp_pass: 'smtp-password' });
  const entitlement = { key: 'web_fetch.jina_api_key', value: 'jina-key', value_type: 'string' };
  await post('/v1/plans', { name: 'Plan', display_name: 'Plan', entitlements: [entitlement] });
  await post('/v1/entitlement-overrides', { account_id: accountId, ...entitlement });
  const { issuer } = await startOidcProvider();
  const company = await post('/v1/admin/identity-providers', { name: 'Company', issuer, ...oidcClient, internal_network: true });
  await post('/v1/me/identities/start', { identity_provider_id: company.id, current_password: person.password });
  const once = { path: `/v1/threads/${thread}/messages`, body: { content: 'Once' }, headers: { 'idempotency-key': randomUUID() } };
  const message = await post(once.path, once.body, once.headers);
  const { secret } = await enrol({ call, sql }, person);

  const ring = ringOf(oldKey);
  const sealedFor = (owner: string, plain: string) => seal(ring, plain, owner);
  const mcpOwner = (field: string) => `mcp_config:${tools.id}:${accountId}:${field}`;
  await sql('update mcp_configs set env_sealed = $2, oauth_sealed = $3, oauth_request_sealed = $4 where id = $1', [
    tools.id,
    ...['env', 'oauth', 'oauth_request'].map((field) => sealedFor(mcpOwner(field), '{}')),
  ]);
  const requestOwner = (field: string) => `mcp_prompt_request:${tools.id}:${accountId}:${field}`;
  // A worker deletes it after a minute.
  await sql(
    `insert into mcp_prompt_requests (account_id, id, request_sealed, reply_sealed, created_at) values ($1, $2, $3, $4, now() + interval '1 day')`,
    [accountId, tools.id, ...['request', 'reply'].map((field) => sealedFor(requestOwner(field), '{}'))],
  );
  const key = randomUUID();
  await sql(`insert into signing_keys (id, public_key, private_key_sealed) values ($1, 'x', $2)`, [
    key,
    sealedFor(signingContext(key), '{}'),
  ]);
  const run = await startRun({ call }, person, thread);
  await eventually(async () => (await sql(`select 1 from runs where id = $1 and status = 'completed'`, [run]))[0], 'the run');
  const owner = 'static_route:main';
  const snapshot = { target: { provider_kind: 'openai', key: { sealed: sealedFor(owner, 'sk-static').toString('base64'), owner } } };
  await sql('update runs set route_snapshot = $2 where id = $1', [run, JSON.stringify(snapshot)]);
  const mail = { v: 1, sealed: sealedFor('email.send', '{}').toString('base64') };
  await sql(`select graphile_worker.add_job('email.send', $1::json, run_at := now() + interval '1 day')`, [JSON.stringify(mail)]);
  return { thread, share, once, message, secret };
}

/** Shares as earlier versions sealed them, without the id of the key. */
async function addShares(sql: Sql, { accountId }: Person, thread: string, count: number) {
  const earlier = keyringOf([Buffer.from(oldKey, 'hex')]);
  const rows = Array.from({ length: count }, () => {
    const [id, token] = [newId(), randomBytes(12).toString('hex')];
    return { id, hash: sha256(token), sealed: seal(earlier, token, shareContext(id, accountId)) };
  });
  await sql(
    `insert into thread_shares (account_id, id, thread_id, token_hash, token_sealed, live_update, last_message_number, hidden_message_numbers, snapshot_turn_count)
    select $1, id, $2, hash, sealed, false, 1, '{}', 1 from unnest($3::uuid[], $4::text[], $5::bytea[]) as n (id, hash, sealed)`,
    [accountId, thread, ...(['id', 'hash', 'sealed'] as const).map((name) => rows.map((row) => row[name]))],
  );
}

/** Locks shares that are not re-sealed yet, so that a rotation does not end until the returned client does. */
async function holdShares(databaseUrl: string, count: number): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('begin');
  await client.query('select from thread_shares where get_byte(token_sealed, 0) = 1 limit $1 for update', [count]);
  return client;
}

/** Writes and reads sealed values all the time. */
async function startLoad(call: Call, person: { token: string }) {
  const { token } = person;
  const hook = await must(call, 'POST', '/v1/webhook-endpoints', {
    token,
    body: { url: 'https://load.example.test/', events: ['run.failed'], headers: { 'x-n': '0' } },
  });
  const provider = await must(call, 'POST', '/v1/llm-providers', { token, body: { name: 'Load', provider: 'openai', api_key: 'sk-0' } });
  const thread = await openThread({ call }, person as Person);
  const failures: string[] = [];
  const counts = { requests: 0 };
  let isOver = false;
  const ask = async (method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
    const answer = await call(method, path, { token: person.token, headers, ...(body && { body }) }).catch((error: Error) => error);
    counts.requests++;
    if (!(answer instanceof Error) && answer.status < 400) return answer.body;
    failures.push(`${method} ${path}: ${answer instanceof Error ? answer.message : `${answer.status} ${answer.text}`}`);
    return undefined;
  };
  const repeat = async (work: (n: number) => Promise<unknown>) => {
    for (let n = 1; !isOver; n++) {
      await work(n);
      await sleep(150);
    }
  };
  const loops = [
    repeat(async () => {
      const key = { 'idempotency-key': randomUUID() };
      const path = `/v1/threads/${thread}:share`;
      const share = await ask('POST', path, { access_type: 'public' }, key);
      const again = await ask('POST', path, { access_type: 'public' }, key);
      if (again?.token !== share?.token) failures.push('a repeated request got another response');
      const listed = (await ask('GET', `/v1/threads/${thread}:share`)) as { token: string }[] | undefined;
      if (!listed?.some((each) => each.token === share?.token)) failures.push('the token of a share cannot be read');
      await ask('DELETE', `/v1/threads/${thread}:share?id=${share?.id}`);
    }),
    repeat(async (n) => {
      await ask('POST', `/v1/webhook-endpoints/${hook.body.id}/rotate-secret`, {});
      await ask('PATCH', `/v1/webhook-endpoints/${hook.body.id}`, { headers: { 'x-n': String(n) } });
    }),
    repeat((n) => ask('PATCH', `/v1/llm-providers/${provider.body.id}`, { api_key: `sk-${n}` })),
  ];
  return {
    async stop() {
      isOver = true;
      await Promise.all(loops);
      return { failures, requests: counts.requests };
    },
  };
}

test('keys are changed while API and worker serve, also when the rotation is killed', { timeout: 600_000 }, async () => {
  const databaseUrl = await freshDatabase();
  const sql = await openSql(databaseUrl);
  const { call, enter } = newInstallation(databaseUrl);
  await enter('before');
  const person = await signUp(call, sql);
  await sql('update users set is_platform_admin = true where id = $1', [person.id]);
  await enter('the new keys are known');
  const filled = await fill(call, sql, person);
  const loader = await signUp(call, sql);
  const load = await startLoad(call, loader);
  await addShares(sql, person, filled.thread, 2_000);
  const columns = sealedColumns().map(({ table, column }) => `${table}.${column}`);
  expect([...new Set((await allValues(sql)).map(({ name }) => name))].sort()).toEqual(columns.toSorted());

  const outputs = await enter('the new keys are used', 500);
  expect(outputs.join('')).not.toContain('ARKLOOP_ENCRYPTION_KEYS');
  const isUnchanged = (line: string) => !line.includes(loader.accountId) && !line.startsWith('idempotency_keys');
  const before = (await openAll(sql, ringOf(newKey, oldKey))).filter(isUnchanged);
  expect(before.length).toBeGreaterThan(2_000);
  const views = async () => {
    const paths = ['mcp-configs', 'asr-credentials', 'llm-providers', 'admin/email/config', `threads/${filled.thread}:share?limit=5`];
    const answers = await Promise.all(paths.map((path) => must(call, 'GET', `/v1/${path}`, { token: person.token })));
    const times = await sql(`select updated_at from mcp_configs union all select updated_at from platform_settings`);
    return [answers.map(({ text, headers }) => [text, headers.get('etag')]), times];
  };
  const seen = await views();

  const env = { ...steps['the new keys are used'], ARKLOOP_DATABASE_URL: databaseUrl };
  const locks = await holdShares(databaseUrl, 500);
  const killed = startRotation(env);
  await eventually(async () => killed.output.stdout.includes('re-sealed'), 'the first re-sealed value');
  killed.child.kill('SIGKILL');
  expect(await killed.ended).toMatchObject({ signal: 'SIGKILL' });
  await locks.end();
  expect(await sql('select count(*)::int as n from thread_shares where get_byte(token_sealed, 0) = 1')).not.toEqual([{ n: 0 }]);
  const done = await startRotation(env).ended;
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(done.stdout).toMatch(
    new RegExp(`re-sealed with key ${idOf(newKey)}: \\d+, of which\n(arkloop:   \\S+: \\d+\n)+arkloop: left under old keys: 0\n$`),
  );
  expect(await rowsThatName(sql, oldKey)).toEqual([]);
  expect((await rowsThatName(sql, newKey)).length).toBeGreaterThan(10);
  expect(await views()).toEqual(seen);

  // What was made with the old keys is accepted while they are in the ring.
  const replayed = await call('POST', filled.once.path, { token: person.token, body: filled.once.body, headers: filled.once.headers });
  expect([replayed.headers.get('idempotent-replayed'), replayed.body]).toEqual(['true', filled.message]);
  expect((await call('GET', '/v1/me', { token: person.token })).status).toBe(200);

  loader.token = (
    await must(call, 'POST', '/v1/auth/login', { body: { login: loader.login, password: loader.password } })
  ).body.access_token;
  await enter('the old keys are gone', 500);
  const loaded = await load.stop();
  expect(loaded.failures).toEqual([]);
  expect(loaded.requests).toBeGreaterThan(100);
  expect((await openAll(sql, ringOf(newKey))).filter(isUnchanged)).toEqual(before);
  expect((await call('GET', '/v1/me', { token: person.token })).status).toBe(401);
  const signIn = await call('POST', '/v1/auth/login', { body: { login: person.login, password: person.password } });
  expect(signIn.body.details.reason).toBe('second_factor_required');
  const factor = { challenge_token: signIn.body.details.challenge_token, code: await appCode(filled.secret) };
  const { body: grant } = await must(call, 'POST', '/v1/auth/second-factor/verify', { body: factor });
  const shares = await must(call, 'GET', `/v1/threads/${filled.thread}:share`, { token: grant.access_token });
  expect(shares.status).toBe(200);
});
