import { expect, test } from 'vitest';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { duringUncommittedChange } from '../../support/checks/race.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

const app = await sharedTestApp();
const { call, sql, signUp } = app;

const send = (method: string, path: string, token: string, body?: object) => call(method, `/v1/${path}`, { token, body });
const keyOf = async (token: string) => (await send('POST', 'api-keys', token, { name: 'a key' })).body as { id: string; key: string };
const schedule = async (token: string) =>
  (await send('POST', 'schedules', token, { name: 's', cron: '0 8 * * *', timezone: 'UTC', input: 'Report' })).body.id as string;
const statuses = async (table: 'runs' | 'schedules', accountId: string) =>
  new Map((await sql(`select id, status from ${table} where account_id = $1`, [accountId])).map(({ id, status }) => [id, status]));

test('revoking a key cancels the runs that it has started and pauses its schedules, and those of other credentials go on', async () => {
  const person = await signUp();
  const { id, key } = await keyOf(person.token);
  const other = await keyOf(person.token);
  const by = async (token: string) => startRun(app, { ...person, token }, await openThread(app, person));
  const [waiting, leased, ofOther, ofSession] = [await by(key), await by(key), await by(other.key), await by(person.token)];
  await sql('update runs set attempt = 1 where id = $1', [leased]);
  const [created, changed, kept] = [await schedule(key), await schedule(person.token), await schedule(person.token)];
  await send('PATCH', `schedules/${changed}`, key, { input: 'Another report' });
  expect((await send('DELETE', `api-keys/${id}`, person.token)).status).toBe(204);
  expect(await statuses('runs', person.accountId)).toEqual(
    new Map([
      [waiting, 'cancelled'],
      [leased, 'cancelling'],
      [ofOther, 'running'],
      [ofSession, 'running'],
    ]),
  );
  expect(await statuses('schedules', person.accountId)).toEqual(
    new Map([
      [created, 'paused'],
      [changed, 'paused'],
      [kept, 'active'],
    ]),
  );
  expect(await sql(`select metadata from audit_logs where action = 'api_key.revoke' and target_id = $1`, [id])).toMatchObject([
    { metadata: { runs: 2, schedules: 2 } },
  ]);
  expect((await send('POST', `schedules/${created}:resume`, person.token)).body.status).toBe('active');
});

test('a run that a key is starting while it is revoked does not start', async () => {
  const person = await signUp();
  const id = await schedule(person.token);
  for (const path of [`threads/${await openThread(app, person)}/runs`, `schedules/${id}:run`]) {
    const key = await keyOf(person.token);
    // Its first use would wait for the revocation too.
    await sql('update api_keys set last_used_at = now() where id = $1', [key.id]);
    const revocation: [string, unknown[]][] = [['update api_keys set revoked_at = now() where id = $1', [key.id]]];
    const late = await duringUncommittedChange(app, revocation, () => send('POST', path, key.key, {}));
    expect([path, statusAndReason(late)]).toEqual([path, [401, 'invalid_token']]);
  }
  expect(await statuses('runs', person.accountId)).toEqual(new Map());
});
