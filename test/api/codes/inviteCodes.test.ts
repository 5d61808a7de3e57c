import { expect, test } from 'vitest';
import { consumeInviteCode, createInviteCode } from '../../../server/resources/inviteCodes/service.ts';
import { type Person, startTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';

const { call, sql, database, signUp, joinAccount } = await startTestApp({}, { worker: false });

const get = (token: string, headers = {}) => call('GET', '/v1/me/invite-code', { token, headers });
const reset = (token: string, headers = {}) => call('POST', '/v1/me/invite-code/reset', { token, headers });
const codesOf = ({ id }: Person) => sql('select id, code, is_active from invite_codes where user_id = $1 order by created_at', [id]);
const deleteCodes = ({ id }: Person) => sql('delete from invite_codes where user_id = $1', [id]);
/** Moves the user's codes into the past. */
const backdate = ({ id }: Person, hours: number) =>
  sql('update invite_codes set created_at = created_at - make_interval(hours => $2) where user_id = $1', [id, hours]);
const entries = ({ id }: Person) =>
  sql(
    `select action, account_id, target_type, target_id, metadata from audit_logs where actor_user_id = $1 and action like 'invite_code.%' order by created_at`,
    [id],
  );
const consume = (code: string) => database.transaction((tx) => consumeInviteCode(tx, code));

test('ten parallel first requests create one code and one audit entry', async () => {
  const person = await signUp();
  await deleteCodes(person);
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

test('a code belongs to the user, whatever account is active', async () => {
  const [person, host] = [await signUp(), await signUp()];
  await joinAccount(person, host);
  const there = { 'x-account-id': host.accountId };
  expect((await get(person.token, there)).body).toEqual((await get(person.token)).body);
  expect((await get(person.token)).body.code).not.toBe((await get(host.token)).body.code);
});

test('a reset is rejected until the newest code is 24 hours old', async () => {
  const person = await signUp();
  const { body: first } = await get(person.token);
  const early = await reset(person.token);
  expect(statusAndReason(early)).toEqual([429, 'invite_code_reset_cooldown']);
  expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(86_300);
  expect(Number(early.headers.get('retry-after'))).toBeLessThanOrEqual(86_400);
  await backdate(person, 23);
  const late = await reset(person.token);
  expect(statusAndReason(late)).toEqual([429, 'invite_code_reset_cooldown']);
  expect(Number(late.headers.get('retry-after'))).toBeLessThanOrEqual(3_600);
  expect((await get(person.token)).body.code).toBe(first.code);
  await backdate(person, 1);
  await consume(first.code);
  const done = await reset(person.token);
  expect([done.status, done.body.use_count, done.body.is_active]).toEqual([200, 0, true]);
  expect(done.body.code).not.toBe(first.code);
  expect((await get(person.token)).body).toEqual(done.body);
  expect(await consume(first.code)).toBeUndefined();
  expect(statusAndReason(await reset(person.token))).toEqual([429, 'invite_code_reset_cooldown']);
  expect((await entries(person)).at(-1)).toMatchObject({
    action: 'invite_code.reset',
    target_id: done.body.id,
    metadata: { old_id: first.id, new_id: done.body.id },
  });
});

test('a deactivated code counts for the 24 hours, and a reset does not reactivate it', async () => {
  const person = await signUp();
  const { body: first } = await get(person.token);
  await sql('update invite_codes set is_active = false where user_id = $1', [person.id]);
  expect(statusAndReason(await reset(person.token))).toEqual([429, 'invite_code_reset_cooldown']);
  const { body: second } = await get(person.token);
  expect(second.code).not.toBe(first.code);
  expect((await codesOf(person)).map(({ is_active }) => is_active)).toEqual([false, true]);
});

test('of ten parallel resets one succeeds, and a repeated idempotency key returns the same code', async () => {
  const [person, other] = [await signUp(), await signUp()];
  for (const one of [person, other]) {
    await get(one.token);
    await backdate(one, 25);
  }
  const answers = await Promise.all(Array.from({ length: 10 }, () => reset(person.token)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(429)]);
  expect((await codesOf(person)).map(({ is_active }) => is_active)).toEqual([false, true]);
  const keyed = { 'idempotency-key': 'once' };
  const first = await reset(other.token, keyed);
  expect((await reset(other.token, keyed)).body).toEqual(first.body);
  expect(await codesOf(other)).toHaveLength(2);
});

test('a user without a code can reset at once', async () => {
  const person = await signUp();
  await deleteCodes(person);
  expect((await reset(person.token)).status).toBe(200);
  expect((await entries(person))[0]).toMatchObject({ action: 'invite_code.reset', metadata: { old_id: null } });
});

test('max_uses of a new code is the platform setting', async () => {
  const person = await signUp();
  await deleteCodes(person);
  await sql(`insert into platform_settings (key, value) values ('invite.default_max_uses', '3')`);
  await expect.poll(async () => (await database.transaction((tx) => createInviteCode(tx, person.id, person.accountId))).max_uses).toBe(3);
  await sql(`delete from platform_settings where key = 'invite.default_max_uses'`);
  const { code } = (await get(person.token)).body;
  const uses = await Promise.all(Array.from({ length: 10 }, () => consume(code)));
  expect(uses.filter(Boolean)).toEqual(Array(3).fill({ inviterUserId: person.id, codeId: expect.any(String) }));
  expect((await get(person.token)).body).toMatchObject({ max_uses: 3, use_count: 3 });
});

test('unknown codes, codes of suspended users and failed registrations count no use', async () => {
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
