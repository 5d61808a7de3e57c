import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { AsrCredential } from '../../../contract/asr.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { issuesOf, statusAndReason } from '../../support/http/responses.ts';

const app = await startTestApp({}, { worker: false });
const { sql, call, signUp, joinAccount, promote } = app;
const secret = 'gsk_secret-7f3d09c1a2';
const [alice, bob, platformAdmin] = [await signUp(), await signUp(), await signUp()];
await promote(platformAdmin);

const fields = (more: object = {}) => ({ name: `c-${Math.random()}`, provider: 'groq', api_key: secret, model: 'whisper', ...more });
const post = (more: object = {}, by: Person = alice, headers = {}) =>
  call('POST', '/v1/asr-credentials', { token: by.token, headers, body: fields(more) });
const add = async (more: object = {}, by: Person = alice): Promise<AsrCredential> => (await post(more, by)).body;
const put = (id: string, body: object, by: Person = alice, headers = {}) =>
  call('PUT', `/v1/asr-credentials/${id}`, { token: by.token, headers, body });
const setDefault = (id: string, by: Person = alice) => call('POST', `/v1/asr-credentials/${id}/set-default`, { token: by.token });
const remove = (id: string, by: Person = alice) => call('DELETE', `/v1/asr-credentials/${id}`, { token: by.token });
const list = async (by: Person = alice): Promise<AsrCredential[]> => (await call('GET', '/v1/asr-credentials', { token: by.token })).body;
const defaults = async (by: Person = alice) =>
  (await list(by)).filter((one) => one.is_default && one.scope === 'account').map(({ id }) => id);

test('a credential is returned without its key, and its fields can be updated one by one', async () => {
  const { status, body } = await post({ name: ' Ours ' });
  expect([status, body]).toEqual([
    201,
    {
      id: expect.any(String),
      account_id: alice.accountId,
      scope: 'account',
      provider: 'groq',
      name: 'Ours',
      key_prefix: 'gsk_secr',
      base_url: null,
      model: 'whisper',
      is_default: false,
      created_at: expect.stringMatching(/\.\d{3}Z$/),
    },
  ]);
  const changed = await put(body.id, { base_url: 'https://asr.example.com/v1/', api_key: 'gsk_secret', model: 'other' });
  expect([changed.status, changed.body]).toEqual([200, { ...body, base_url: 'https://asr.example.com/v1', model: 'other' }]);
  expect((await put(body.id, { base_url: null, api_key: 'sk-newer-key' })).body).toEqual({
    ...body,
    model: 'other',
    key_prefix: 'sk-newer',
  });
  expect((await put(body.id, { name: 'ours' })).body.name).toBe('ours');
  expect((await remove(body.id)).status).toBe(204);
  for (const gone of [await remove(body.id), await put(body.id, { name: 'x' }), await setDefault(body.id)]) expect(gone.status).toBe(404);
});

test('invalid fields are rejected', async () => {
  const { id } = await add();
  for (const [more, path] of [
    [{ name: ' ' }, '/name'],
    [{ name: 'x'.repeat(101) }, '/name'],
    [{ provider: 'anthropic' }, '/provider'],
    [{ api_key: '' }, '/api_key'],
    [{ model: '' }, '/model'],
    [{ base_url: 'ftp://x' }, '/base_url'],
    [{ base_url: 'https://a:b@x.example' }, '/base_url'],
    [{ base_url: 'https://x.example/?q' }, '/base_url'],
    [{ scope: 'user' }, '/scope'],
    [{ is_default: 'yes' }, '/is_default'],
  ] as const)
    expect([more, issuesOf(await post(more))]).toEqual([more, [400, [['body', path]]]]);
  for (const [body, path] of [
    [{}, ''],
    [{ name: 'x', provider: 'openai' }, '/provider'],
    [{ name: 'x', scope: 'platform' }, '/scope'],
    [{ model: 'm', name: null }, '/name'],
  ] as const)
    expect(issuesOf(await put(id, body))).toEqual([400, [['body', path]]]);
});

test('names are unique per owner, regardless of case', async () => {
  const { id } = await add({ name: 'Taken' });
  const other = await add();
  expect(statusAndReason(await post({ name: 'taken' }))).toEqual([409, 'name_conflict']);
  expect(statusAndReason(await put(other.id, { name: 'TAKEN' }))).toEqual([409, 'name_conflict']);
  expect((await put(id, { name: 'Taken' })).status).toBe(200);
  expect([(await post({ name: 'Taken' }, bob)).status, (await post({ name: 'Taken', scope: 'platform' }, platformAdmin)).status]).toEqual([
    201, 201,
  ]);
  expect(statusAndReason(await post({ name: 'taken', scope: 'platform' }, platformAdmin))).toEqual([409, 'name_conflict']);
});

test('there is at most one default credential', async () => {
  const [one, two] = [await add({ is_default: true }), await add({ is_default: true })];
  expect(await defaults()).toEqual([two.id]);
  await setDefault(one.id);
  expect(await defaults()).toEqual([one.id]);
  await put(two.id, { is_default: true });
  expect(await defaults()).toEqual([two.id]);
  await put(one.id, { is_default: false });
  expect(await defaults()).toEqual([two.id]);
  await put(two.id, { is_default: false });
  expect(await defaults()).toEqual([]);
  await setDefault(one.id);
  await remove(one.id);
  expect(await defaults()).toEqual([]);
  // A rejected request does not move the default.
  await setDefault(two.id);
  const third = await add();
  await put(third.id, { name: 'three' });
  expect((await post({ name: 'Three', is_default: true })).status).toBe(409);
  expect(await defaults()).toEqual([two.id]);
});

test('parallel requests that set the default leave exactly one default', async () => {
  const carol = await signUp();
  for (let round = 0; round < 5; round++) {
    const made = await Promise.all([add({ is_default: true }, carol), add({ is_default: true }, carol), add({}, carol)]);
    expect(await defaults(carol)).toHaveLength(1);
    const answers = await Promise.all([
      ...made.map(({ id }) => setDefault(id, carol)),
      ...made.map(({ id }) => put(id, { is_default: true }, carol)),
    ]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await defaults(carol)).toHaveLength(1);
  }
});

test('account credentials are listed before platform ones, which only platform admins can manage', async () => {
  const dave = await signUp();
  const platform = await add({ scope: 'platform', base_url: 'https://asr.example.com/v1' }, platformAdmin);
  const own = [await add({}, dave), await add({}, dave)];
  const seen = await list(dave);
  expect(seen.slice(0, 2).map(({ id }) => id)).toEqual(own.map(({ id }) => id).reverse());
  expect(seen.slice(2).every(({ account_id, key_prefix }) => account_id === null && key_prefix === null)).toBe(true);
  expect(seen.find(({ id }) => id === platform.id)).toEqual({ ...platform, key_prefix: null, base_url: null });
  expect((await list(platformAdmin)).find(({ id }) => id === platform.id)).toEqual(platform);
  expect(statusAndReason(await post({ scope: 'platform' }, dave))).toEqual([403, 'missing_permission']);
  const absent = await put(randomUUID(), { name: 'x' }, dave);
  for (const { status, body } of [
    await put(platform.id, { name: 'x' }, dave),
    await remove(platform.id, dave),
    await setDefault(platform.id, dave),
  ])
    expect([status, { ...body, trace_id: '' }]).toEqual([404, { ...absent.body, trace_id: '' }]);
  expect((await put(platform.id, { model: 'm2' }, platformAdmin)).body).toEqual({ ...platform, model: 'm2' });
});

test('a platform admin who is a plain member cannot manage credentials of the account', async () => {
  await joinAccount(platformAdmin, alice);
  const headers = { 'x-account-id': alice.accountId };
  const { id } = await add();
  expect((await put(id, { name: 'x' }, platformAdmin, headers)).body.details).toEqual({
    reason: 'missing_permission',
    permission: 'data.secrets.manage',
  });
  expect((await post({}, platformAdmin, headers)).status).toBe(403);
  const platform = await add({ scope: 'platform' }, platformAdmin);
  expect((await put(platform.id, { model: 'm' }, platformAdmin, headers)).status).toBe(200);
});

test('the API key is never stored or logged in plain text', async () => {
  const { id } = await add({ name: 'Kept' });
  await put(id, { api_key: secret });
  await call('POST', '/v1/asr-credentials', { token: alice.token, body: { ...fields(), model: '' } });
  const [row] = await sql('select * from asr_credentials where id = $1', [id]);
  expect(row.api_key_sealed.includes(secret)).toBe(false);
  const logged = JSON.stringify(await sql('select * from audit_logs'));
  const actions = await sql(`select action, target_id, metadata from audit_logs where target_id = $1 order by created_at`, [id]);
  expect([logged.includes(secret), actions]).toEqual([
    false,
    [
      { action: 'asr_credential.create', target_id: id, metadata: { fields: expect.arrayContaining(['api_key', 'name']) } },
      { action: 'asr_credential.update', target_id: id, metadata: { fields: ['api_key'] } },
    ],
  ]);
  // A key copied to another row cannot be decrypted there.
  const other = await add({ is_default: true });
  await sql('update asr_credentials set api_key_sealed = $2 where id = $1', [other.id, row.api_key_sealed]);
  const form = '--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--b--\r\n';
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  expect(statusAndReason(await call('POST', '/v1/asr/transcribe', { token: alice.token, raw: form, headers }))).toEqual([
    409,
    'api_key_missing',
  ]);
});
