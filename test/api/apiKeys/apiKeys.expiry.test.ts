import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createIdentityResolver } from '../../../server/gateway/caller/identity.ts';
import { startApi } from '../../../server/processes/api.ts';
import { onFileFinished } from '../../support/app/fileCleanup.ts';
import { type Person, startTestApp, testKeys } from '../../support/app/testApp.ts';
import { concurrently, repeatRace, tally } from '../../support/checks/race.ts';
import { callTo } from '../../support/http/call.ts';
import { openStream } from '../../support/http/events.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const { call, sql, signUp, joinAccount, database, databaseUrl, config, url } = await startTestApp({}, { worker: false });
const other = await startApi({ config, keys: testKeys, database, databaseUrl, log: pino({ level: 'silent' }) });
onFileFinished(() => other.shutDown());
const there = callTo(other.address);
const identify = createIdentityResolver({ jwtSecrets: testKeys.jwtSecrets, sql: database, channel: undefined });

const inAccount = ({ accountId }: Person) => ({ 'x-account-id': accountId });
const create = (token: string, body: object = {}, headers: Record<string, string> = {}) =>
  call('POST', '/v1/api-keys', { token, body: { name: 'a key', ...body }, headers });
const update = (token: string, id: string, body: object, headers: Record<string, string> = {}) =>
  call('PATCH', `/v1/api-keys/${id}`, { token, body, headers });
const rotate = (token: string, id: string, overlap: number, headers: Record<string, string> = {}) =>
  call('POST', `/v1/api-keys/${id}/rotate`, { token, body: { overlap_seconds: overlap }, headers });
const threads = (token: string) => call('GET', '/v1/threads', { token });
const statuses = async (token: string) => [(await threads(token)).status, (await there('GET', '/v1/threads', { token })).status];
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
const day = 86_400_000;
/** Lets a key expire in a minute. No process is notified. */
const expireSoon = (id: string) => sql(`update api_keys set expires_at = now() + interval '1 minute' where id = $1`, [id]);

test('a key expires in all processes, at the gateway and for open streams, and a later expiry makes it valid again', async () => {
  const person = await signUp();
  const made = await create(person.token, { expires_at: '2100-01-31T01:30:00+01:30' });
  expect([made.status, made.body.expires_at]).toEqual([201, '2100-01-31T00:00:00.000Z']);
  const { id, key } = made.body;
  const runId = await startRun({ call }, person, await openThread({ call }, person));
  const stream = await openStream(url, runId, { token: key });
  await stream.until(({ type }) => type === 'run.started');
  await expireSoon(id);
  // Also invalidates what the processes have cached.
  expect((await update(person.token, id, { name: 'still the same expiry' })).status).toBe(200);
  expect(await identify(`Bearer ${key}`)).toMatchObject({ type: 'api_key', accountId: person.accountId });
  expect(await statuses(key)).toEqual([200, 200]);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
  onTestFinished(() => void vi.useRealTimers());
  expect(await statuses(key)).toEqual([401, 401]);
  await stream.ended;
  const [{ expires_at }] = (await call('GET', '/v1/api-keys', { token: person.token })).body;
  const refused = await threads(key);
  expect([...statusAndReason(refused), refused.body.details.expired_at]).toEqual([401, 'key_expired', expires_at]);
  expect(refused.body.message).toContain(expires_at);
  const openAi = await call('GET', '/v1/models', { token: key });
  expect([openAi.status, openAi.body.error.code]).toEqual([401, 'invalid_api_key']);
  expect(await identify(`Bearer ${key}`)).toMatchObject({ type: 'anonymous' });

  expect((await update(person.token, id, { expires_at: inMs(day) })).status).toBe(200);
  expect((await threads(key)).status).toBe(200);
  await expect.poll(() => statuses(key)).toEqual([200, 200]);
  expect((await update(person.token, id, { expires_at: null })).body.expires_at).toBeNull();
});

test('an expiry must be a time in the future, and only those who see a key can change it', async () => {
  const [admin, member, stranger] = [await signUp(), await signUp(), await signUp()];
  await joinAccount(member, admin);
  const here = inAccount(admin);
  const past = await create(member.token, { expires_at: inMs(-1_000) }, here);
  expect([...statusAndReason(past), past.body.details.issues[0].path]).toEqual([400, 'time_in_past', '/expires_at']);
  for (const bad of ['tomorrow', '2100-01-01', 0, '', '+999999-01-01T00:00:00Z'])
    expect([bad, (await create(member.token, { expires_at: bad }, here)).status]).toEqual([bad, 400]);
  const [ofAdmin, ofMember] = [(await create(admin.token, {}, here)).body, (await create(member.token, {}, here)).body];
  const usage = (token: string, id: string, headers = {}) => call('GET', `/v1/api-keys/${id}/usage`, { token, headers });
  for (const [token, headers] of [
    [member.token, here],
    [member.token, {}],
    [stranger.token, {}],
    [stranger.token, here],
  ] as const) {
    expect((await update(token, ofAdmin.id, { name: 'x' }, headers)).status).toBe(404);
    expect((await rotate(token, ofAdmin.id, 0, headers)).status).toBe(404);
    expect((await usage(token, ofAdmin.id, headers)).status).toBe(404);
  }
  for (const request of [
    update(ofMember.key, ofMember.id, { expires_at: null }),
    rotate(ofMember.key, ofMember.id, 0),
    usage(ofMember.key, ofMember.id),
  ])
    expect(statusAndReason(await request)).toEqual([403, 'api_key_not_allowed']);
  const changed = await update(
    admin.token,
    ofMember.id,
    { name: ' Shop ', models: ['b', 'a', 'b'], limits: { requests_per_day: 5 } },
    here,
  );
  expect(changed.body).toMatchObject({ name: 'Shop', models: ['a', 'b'], limits: { requests_per_day: 5, credits_total: null } });
  // The secret acts on behalf of the member.
  expect(statusAndReason(await rotate(admin.token, ofMember.id, 0, here))).toEqual([403, 'key_owner_required']);
  expect((await usage(admin.token, ofMember.id, here)).status).toBe(200);
  for (const bad of [
    {},
    { limits: { requests_per_day: 0 } },
    { limits: { credits_total: 1.5 } },
    { limits: { x: 1 } },
    { models: [] },
    { scopes: [] },
  ])
    expect([bad, (await update(admin.token, ofMember.id, bad, here)).status]).toEqual([bad, 400]);
  // Changes of different limits at once keep each other.
  await Promise.all([
    update(admin.token, ofMember.id, { limits: { credits_total: 7 } }, here),
    update(member.token, ofMember.id, { limits: { requests_per_minute: 9, requests_per_day: null } }, here),
  ]);
  const [row] = (await call('GET', '/v1/api-keys', { token: member.token, headers: here })).body;
  expect(row.limits).toMatchObject({ credits_total: 7, requests_per_minute: 9, requests_per_day: null });
  const [entry] = await sql(
    `select before_state, after_state from audit_logs where action = 'api_key.update' and target_id = $1 order by created_at limit 1`,
    [ofMember.id],
  );
  expect(entry).toMatchObject({ before_state: { name: 'a key', models: null }, after_state: { name: 'Shop', models: ['a', 'b'] } });
  await call('DELETE', `/v1/api-keys/${ofMember.id}`, { token: member.token, headers: here });
  expect((await update(member.token, ofMember.id, { expires_at: inMs(day) }, here)).status).toBe(404);
  expect((await rotate(member.token, ofMember.id, 0, here)).status).toBe(404);
});

test('a rotated secret is accepted for the overlap, and never after it', async () => {
  const { token } = await signUp();
  const { id, key: first } = (await create(token)).body;
  const rotated = await rotate(token, id, 30 * 86_400, { 'idempotency-key': 'once' });
  expect([rotated.status, rotated.body.id, rotated.headers.get('cache-control')]).toEqual([200, id, 'no-store']);
  const second = rotated.body.key;
  expect(Math.round((Date.parse(rotated.body.previous_secret_expires_at) - Date.now()) / day)).toBe(30);
  const again = await rotate(token, id, 30 * 86_400, { 'idempotency-key': 'once' });
  expect([again.body, again.headers.get('idempotent-replayed')]).toEqual([rotated.body, 'true']);
  for (const secret of [first, second]) await expect.poll(() => statuses(secret)).toEqual([200, 200]);
  expect(await identify(`Bearer ${first}`)).toMatchObject({ type: 'api_key' });
  expect(statusAndReason(await rotate(token, id, 1))).toEqual([409, 'rotation_in_overlap']);
  await sql(`update api_keys set previous_expires_at = now() where id = $1`, [id]);
  await update(token, id, { name: 'after the overlap' });
  const late = await threads(first);
  expect([...statusAndReason(late), late.body.message]).toEqual([401, 'key_expired', expect.stringContaining('replaced')]);
  expect((await threads(second)).status).toBe(200);
  expect((await call('GET', '/v1/api-keys', { token })).body[0]).toMatchObject({
    previous_secret_expires_at: null,
    key_prefix: second.slice(0, 7),
  });

  const third = (await rotate(token, id, 3_600)).body.key;
  expect(statusAndReason(await threads(first))).toEqual([401, 'invalid_token']);
  const fourth = (await rotate(token, id, 0)).body.key;
  for (const secret of [second, third]) await expect.poll(() => statuses(secret)).toEqual([401, 401]);
  expect((await threads(fourth)).status).toBe(200);
  for (const bad of [-1, 30 * 86_400 + 1, 0.5, '1', null])
    expect([bad, (await rotate(token, id, bad as number)).status]).toEqual([bad, 400]);
  const dump = JSON.stringify([await sql('select k::text from api_keys k'), await sql('select l::text from audit_logs l')]);
  for (const secret of [first, second, third, fourth]) expect(dump).not.toContain(secret.slice(7));
});

test('of concurrent rotations with overlap one succeeds, and the secret before stays valid', async () => {
  const { token } = await signUp();
  await repeatRace(async () => {
    const { id, key } = (await create(token)).body;
    const answers = await concurrently(4, () => rotate(token, id, 60));
    expect(tally(answers)).toEqual({ '200': 1, '409 rotation_in_overlap': 3 });
    const won = answers.find(({ status }) => status === 200)!.body.key;
    expect([(await threads(key)).status, (await threads(won)).status]).toEqual([200, 200]);
    await call('DELETE', `/v1/api-keys/${id}`, { token });
    expect([(await threads(key)).status, (await threads(won)).status]).toEqual([401, 401]);
  });
});

test('a member who is removed during a rotation keeps no secret', async () => {
  const host = await signUp();
  const { body: workspace } = await call('POST', '/v1/accounts', {
    token: host.token,
    body: { slug: `w-${host.id.slice(-12)}`, name: 'Shop' },
  });
  host.accountId = workspace.id;
  await repeatRace(async () => {
    const member = await signUp();
    await joinAccount(member, host);
    const { id, key } = (await create(member.token, {}, inAccount(host))).body;
    const [rotated, removed] = await Promise.all([
      rotate(member.token, id, 60, inAccount(host)),
      call('DELETE', `/v1/accounts/${host.accountId}/members/${member.id}`, { token: host.token }),
    ]);
    expect([200, 404]).toContain(rotated.status);
    expect(removed.status).toBe(204);
    for (const secret of [key, ...(rotated.status === 200 ? [rotated.body.key] : [])]) expect((await threads(secret)).status).toBe(401);
    expect((await update(host.token, id, { expires_at: null }, inAccount(host))).status).toBe(404);
  });
});
