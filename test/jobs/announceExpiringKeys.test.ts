import { expect, test } from 'vitest';
import { announceExpiringKeys } from '../../server/jobs/notices/announceExpiringKeys.ts';
import { type Person, startTestApp } from '../support/app/testApp.ts';
import { concurrently } from '../support/checks/race.ts';

const { call, sql, signUp, signUpAdmin, database } = await startTestApp({}, { worker: false });
const day = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * day).toISOString();

const createKey = async ({ token }: Person, path: string, body: object = {}) =>
  (await call('POST', path, { token, body: { name: 'shop', expires_at: inDays(60), ...body } })).body.id as string;
/** Lets time pass for a key: it was created `age` days ago and expires in `left` days. */
const age = (table: string, id: string, created: number, left: number) =>
  sql(`update ${table} set created_at = now() - $2 * interval '1 day', expires_at = now() + $3 * interval '1 day' where id = $1`, [
    id,
    created,
    left,
  ]);
const notified = async ({ token }: Person, type: string) =>
  (await call('GET', `/v1/notifications?type=${type}`, { token })).body.data as { title: string; body: string; payload: object }[];
const events = (accountId: string) =>
  sql(`select body from webhook_messages where account_id = $1 and event_type = 'api_key.expiring'`, [accountId]);

test('an API key is announced once for each expiry, 7 days before, by notification and webhook', async () => {
  const person = await signUp();
  const endpoint = { url: 'https://receiver.example.test/hooks', events: ['api_key.expiring'] };
  expect((await call('POST', '/v1/webhook-endpoints', { token: person.token, body: endpoint })).status).toBe(201);
  const id = await createKey(person, '/v1/api-keys', { name: 'Shop 🛒' });
  // Still 8 days, short-lived, expired, and revoked.
  const [later, brief, gone, revoked] = [
    await createKey(person, '/v1/api-keys'),
    await createKey(person, '/v1/api-keys'),
    await createKey(person, '/v1/api-keys'),
    await createKey(person, '/v1/api-keys'),
  ];
  await age('api_keys', id, 30, 6);
  await age('api_keys', later, 30, 8);
  await age('api_keys', brief, 1, 5);
  await age('api_keys', gone, 30, -1);
  await age('api_keys', revoked, 30, 6);
  expect((await call('DELETE', `/v1/api-keys/${revoked}`, { token: person.token })).status).toBe(204);

  await concurrently(4, () => announceExpiringKeys(database));
  const [{ expires_at: expiresAt, key_prefix: prefix }] = (await call('GET', '/v1/api-keys', { token: person.token })).body.filter(
    (key: { id: string }) => key.id === id,
  );
  const list = await notified(person, 'api_key.expiring');
  expect(list).toMatchObject([{ title: 'An API key expires soon', payload: { api_key_id: id, expires_at: expiresAt } }]);
  expect(list[0]!.body).toContain(`“Shop 🛒” (${prefix}…)`);
  const sent = await events(person.accountId);
  expect(sent.map(({ body }) => JSON.parse(body))).toMatchObject([
    {
      type: 'api_key.expiring',
      data: {
        account_id: person.accountId,
        api_key_id: id,
        user_id: person.id,
        name: 'Shop 🛒',
        key_prefix: prefix,
        expires_at: expiresAt,
      },
    },
  ]);

  await announceExpiringKeys(database);
  expect(await events(person.accountId)).toHaveLength(1);
  // A new expiry is announced again, in its time.
  expect((await call('PATCH', `/v1/api-keys/${id}`, { token: person.token, body: { expires_at: inDays(20) } })).status).toBe(200);
  await announceExpiringKeys(database);
  expect(await events(person.accountId)).toHaveLength(1);
  expect((await call('PATCH', `/v1/api-keys/${id}`, { token: person.token, body: { expires_at: inDays(3) } })).status).toBe(200);
  await announceExpiringKeys(database);
  expect([await events(person.accountId), await notified(person, 'api_key.expiring')]).toMatchObject([{ length: 2 }, { length: 2 }]);
});

test('keys of suspended accounts wait, and all platform admins learn of service keys', async () => {
  const [person, ...admins] = [await signUp(), await signUpAdmin(), await signUpAdmin()];
  const id = await createKey(person, '/v1/api-keys');
  await age('api_keys', id, 30, 6);
  const service = await createKey(admins[0]!, '/v1/admin/service-keys', { scopes: ['platform.usage.read'] });
  await age('service_keys', service, 30, 6);
  await sql(`update accounts set status = 'suspended' where id = $1`, [person.accountId]);
  await concurrently(3, () => announceExpiringKeys(database));
  await announceExpiringKeys(database);
  for (const admin of admins)
    expect(await notified(admin, 'service_key.expiring')).toMatchObject([
      { title: 'A service key expires soon', payload: { service_key_id: service } },
    ]);
  const ofKey = () => sql(`select 1 from notifications where user_id = $1 and type = 'api_key.expiring'`, [person.id]);
  expect(await ofKey()).toHaveLength(0);
  await sql(`update accounts set status = 'active' where id = $1`, [person.accountId]);
  await announceExpiringKeys(database);
  expect(await ofKey()).toHaveLength(1);
});
