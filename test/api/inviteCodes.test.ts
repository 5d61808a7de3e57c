import { expect, test } from 'vitest';
import { consumeInviteCode, createInviteCode } from '../../server/resources/inviteCodes/service.ts';
import { reason } from '../setup/sessions.ts';
import { type Person, startWorld } from '../setup/world.ts';

const { call, sql, database, signUp, join } = await startWorld({}, { worker: false });

const get = (token: string, headers = {}) => call('GET', '/v1/me/invite-code', { token, headers });
const reset = (token: string, headers = {}) => call('POST', '/v1/me/invite-code/reset', { token, headers });
const codesOf = ({ id }: Person) => sql('select id, code, is_active from invite_codes where user_id = $1 order by created_at', [id]);
const forget = ({ id }: Person) => sql('delete from invite_codes where user_id = $1', [id]);
/** Moves what a user has into the past. */
const age = ({ id }: Person, hours: number) =>
  sql('update invite_codes set created_at = created_at - make_interval(hours => $2) where user_id = $1', [id, hours]);
const entries = ({ id }: Person) =>
  sql(
    `select action, account_id, target_type, target_id, metadata from audit_logs where actor_user_id = $1 and action like 'invite_code.%' order by created_at`,
    [id],
  );
const consume = (code: string) => database.transaction((tx) => consumeInviteCode(tx, code));

test('ten first looks at once make one code, and one entry says so', async () => {
  const person = await signUp();
  await forget(person);
  const answers = await Promise.all(Array.from({ length: 10 }, () => get(person.token)));
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
  const [{ body }] = answers as [(typeof answers)[0]];
  for (const answer of answers) expect(answer.body).toEqual(body);
  expect(body).toEqual({
    id: expect.any(String),
    user_id: person.id,
    code: expect.stringMatching(/^[A-HJ-NP-Z2-9]{8}$/),
    max_uses: 0,
    use_count: 0,
    is_active: true,
    created_at: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
  });
  expect(await codesOf(person)).toHaveLength(1);
  const written = await entries(person);
  expect(written).toEqual([
    { action: 'invite_code.create', account_id: person.accountId, target_type: 'invite_code', target_id: body.id, metadata: {} },
  ]);
  expect((await get(person.token)).headers.get('cache-control')).toBe('no-store');
});

test('a code is of the user, whatever account is active', async () => {
  const [person, host] = [await signUp(), await signUp()];
  await join(person, host);
  const there = { 'x-account-id': host.accountId };
  expect((await get(person.token, there)).body).toEqual((await get(person.token)).body);
  expect((await get(person.token)).body.code).not.toBe((await get(host.token)).body.code);
});

test('a reset waits until the newest code is a day old, to the second', async () => {
  const person = await signUp();
  const { body: first } = await get(person.token);
  const early = await reset(person.token);
  expect(reason(early)).toEqual([429, 'invite_code_reset_cooldown']);
  expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(86_300);
  expect(Number(early.headers.get('retry-after'))).toBeLessThanOrEqual(86_400);
  await age(person, 23);
  const late = await reset(person.token);
  expect(reason(late)).toEqual([429, 'invite_code_reset_cooldown']);
  expect(Number(late.headers.get('retry-after'))).toBeLessThanOrEqual(3_600);
  expect((await get(person.token)).body.code).toBe(first.code);
  await age(person, 1);
  await consume(first.code);
  const done = await reset(person.token);
  expect([done.status, done.body.use_count, done.body.is_active]).toEqual([200, 0, true]);
  expect(done.body.code).not.toBe(first.code);
  expect((await get(person.token)).body).toEqual(done.body);
  expect(await consume(first.code)).toBeUndefined();
  expect(reason(await reset(person.token))).toEqual([429, 'invite_code_reset_cooldown']);
  expect((await entries(person)).at(-1)).toMatchObject({
    action: 'invite_code.reset',
    target_id: done.body.id,
    metadata: { old_id: first.id, new_id: done.body.id },
  });
});

test('a code that was switched off counts for the day, and no reset revives it', async () => {
  const person = await signUp();
  const { body: first } = await get(person.token);
  await sql('update invite_codes set is_active = false where user_id = $1', [person.id]);
  expect(reason(await reset(person.token))).toEqual([429, 'invite_code_reset_cooldown']);
  const { body: second } = await get(person.token);
  expect(second.code).not.toBe(first.code);
  expect((await codesOf(person)).map(({ is_active }) => is_active)).toEqual([false, true]);
});

test('ten resets at once replace a code once; with a key they all get one answer', async () => {
  const [person, other] = [await signUp(), await signUp()];
  for (const one of [person, other]) {
    await get(one.token);
    await age(one, 25);
  }
  const answers = await Promise.all(Array.from({ length: 10 }, () => reset(person.token)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(429)]);
  expect((await codesOf(person)).map(({ is_active }) => is_active)).toEqual([false, true]);
  const keyed = { 'idempotency-key': 'once' };
  const first = await reset(other.token, keyed);
  expect((await reset(other.token, keyed)).body).toEqual(first.body);
  expect(await codesOf(other)).toHaveLength(2);
});

test('somebody without a code can have one reset at once', async () => {
  const person = await signUp();
  await forget(person);
  expect((await reset(person.token)).status).toBe(200);
  expect((await entries(person))[0]).toMatchObject({ action: 'invite_code.reset', metadata: { old_id: null } });
});

test('new codes can be used as often as the platform says', async () => {
  const person = await signUp();
  await forget(person);
  await sql(`insert into platform_settings (key, value) values ('invite.default_max_uses', '3')`);
  await expect.poll(async () => (await database.transaction((tx) => createInviteCode(tx, person.id, person.accountId))).max_uses).toBe(3);
  await sql(`delete from platform_settings where key = 'invite.default_max_uses'`);
  const { code } = (await get(person.token)).body;
  const uses = await Promise.all(Array.from({ length: 10 }, () => consume(code)));
  expect(uses.filter(Boolean)).toEqual(Array(3).fill({ inviterUserId: person.id, codeId: expect.any(String) }));
  expect((await get(person.token)).body).toMatchObject({ max_uses: 3, use_count: 3 });
});

test('a code is unknown, of somebody suspended, or used in a registration that failed: nothing is counted', async () => {
  const person = await signUp();
  const { code } = (await get(person.token)).body;
  expect(await consume('AAAAAAAA')).toBeUndefined();
  await sql(`update users set status = 'suspended' where id = $1`, [person.id]);
  expect(await consume(code)).toBeUndefined();
  await sql(`update users set status = 'active' where id = $1`, [person.id]);
  const failed = database.transaction(async (tx) => {
    await consumeInviteCode(tx, code);
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
  expect((await get(person.token)).body.use_count).toBe(0);
});
