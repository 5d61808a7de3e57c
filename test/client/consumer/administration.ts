import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { apiError, clientsOf, collect, errorOf, password, readUntil, startRun, type Target, unknownId, until } from './target.ts';

/** What platform administrators do to others: broadcasts, and the suspension of users and accounts. */
export function describeAdministration(target: Target) {
  const { open, register } = clientsOf(target);
  const newBroadcast = (to: string) => ({ type: 'news', title: 'Maintenance', body: 'Tonight.', target: to, payload: { at: 22 } });

  test('a broadcast reaches every user, who read it each for themselves', async () => {
    const [admin, ada, bob] = [await target.openAdmin(), await register(), await register()];
    const sent = await admin.broadcasts.create({ body: newBroadcast('all') });
    expect(sent).toMatchObject({
      type: 'news',
      title: 'Maintenance',
      target_type: 'all',
      target_id: null,
      status: 'pending',
      sent_count: 0,
    });
    const params = { broadcast_id: sent.id };
    const done = await until(
      () => admin.broadcasts.get({ params }),
      ({ status }) => status === 'completed',
    );
    expect(done.sent_count).toBeGreaterThanOrEqual(3);
    const read = async ({ client }: typeof ada) => (await client.notifications.list()).data;
    const [mine, theirs] = [await read(ada), await read(bob)];
    const { account_id } = await ada.client.me.get();
    const content = { type: 'news', title: 'Maintenance', body: 'Tonight.', payload: { at: 22 }, read_at: null };
    expect(mine).toMatchObject([{ ...content, user_id: ada.userId, account_id }]);
    expect(theirs).toMatchObject([{ ...content, user_id: bob.userId }]);
    await ada.client.notifications.read({ params: { notification_id: mine[0]!.id }, body: {} });
    expect([(await read(ada))[0]!.read_at, (await read(bob))[0]!.read_at]).toEqual([expect.any(String), null]);
    const foreign = bob.client.notifications.read({ params: { notification_id: mine[0]!.id }, body: {} });
    expect(await errorOf(foreign)).toEqual(apiError(404, 'not_found'));
    const late = await register();
    expect(await read(late)).toMatchObject([{ ...content, user_id: late.userId }]);
    await admin.broadcasts.delete({ params });
    expect([await read(ada), await read(late)]).toEqual([[], []]);
    expect(await errorOf(admin.broadcasts.get({ params }))).toEqual(apiError(404, 'not_found'));
  });

  test('a broadcast to an account reaches its members only', async () => {
    const [admin, ada, bob] = [await target.openAdmin(), await register(), await register()];
    const { id } = await ada.client.accounts.create({ body: { slug: randomBytes(6).toString('hex'), name: 'Lab' } });
    const sent = await admin.broadcasts.create({ body: newBroadcast(id) });
    expect(sent).toMatchObject({ target_type: 'account', target_id: id });
    const read = async ({ client }: typeof ada) => (await client.notifications.list()).data;
    expect(
      await until(
        () => read(ada),
        ({ length }) => length > 0,
      ),
    ).toMatchObject([{ title: 'Maintenance', account_id: id }]);
    expect(await read(bob)).toEqual([]);
    const { slug } = await ada.client.accounts.get({ params: { account_id: id } });
    await ada.client.accounts.delete({ params: { account_id: id }, body: { slug } });
    expect(await read(ada)).toEqual([]);
    expect(await errorOf(admin.broadcasts.create({ body: newBroadcast(unknownId) }))).toEqual(
      apiError(404, 'not_found', 'account_not_found'),
    );
    expect(await errorOf(ada.client.broadcasts.create({ body: newBroadcast('all') }))).toMatchObject({ status: 403 });
  });

  test('a suspended user loses sessions, keys and runs until they are active again', async () => {
    const [admin, { client, login, userId }] = [await target.openAdmin(), await register()];
    const { key } = await client.apiKeys.create({ body: { name: 'ci' } });
    const byKey = open({ apiKey: key });
    await target.plan(client, { waitAfter: 'Hm' });
    const { runId } = await startRun(client);
    await readUntil(client, runId, 'message.delta');
    const params = { user_id: userId };
    const before = await admin.users.get({ params });
    const { account_id, account_name } = await client.me.get();
    expect(before).toMatchObject({ status: 'active', accounts: [{ account_id, name: account_name, type: 'personal', role: 'admin' }] });
    expect(await admin.users.update({ params, body: { status: 'suspended' } })).toEqual({ ...before, status: 'suspended' });
    const { accessToken } = client.session;
    expect(await errorOf(open({ accessToken: accessToken! }).me.get())).toEqual(apiError(401, 'auth.unauthorized', 'session_revoked'));
    expect(await errorOf(client.auth.refresh())).toEqual(apiError(403, 'auth.forbidden', 'user_suspended'));
    const again = open();
    expect(await errorOf(again.auth.login({ body: { login, password } }))).toEqual(apiError(403, 'auth.forbidden', 'user_suspended'));
    expect(await errorOf(byKey.threads.list().then())).toEqual(apiError(401, 'auth.unauthorized', 'invalid_token'));
    await admin.users.update({ params, body: { status: 'active' } });
    await again.auth.login({ body: { login, password } });
    expect(await again.me.get()).toMatchObject({ id: userId });
    await byKey.threads.list();
    expect(await errorOf(open({ accessToken: accessToken! }).me.get())).toEqual(apiError(401, 'auth.unauthorized', 'session_revoked'));
    expect((await collect(again.runs.stream(runId))).at(-1)).toMatchObject({ type: 'run.cancelled' });
    const self = admin.users.update({ params: { user_id: (await admin.me.get()).id }, body: { status: 'suspended' } });
    expect(await errorOf(self)).toEqual(apiError(409, 'conflict', 'cannot_modify_self'));
  });

  test('a suspended account rejects its members, who keep their other accounts', async () => {
    const [admin, { client }] = [await target.openAdmin(), await register()];
    const { id: accountId } = await client.accounts.create({ body: { slug: randomBytes(6).toString('hex'), name: 'Lab' } });
    const there = { accountId };
    const { key } = await client.apiKeys.create({ body: { name: 'ci' } }, there);
    const params = { account_id: accountId };
    expect(await admin.adminAccounts.update({ params, body: { status: 'suspended' } })).toMatchObject({ name: 'Lab', status: 'suspended' });
    const suspended = apiError(403, 'auth.forbidden', 'account_suspended');
    expect(await errorOf(client.threads.list({}, there).then())).toEqual(suspended);
    expect(await errorOf(client.accounts.get({ params }))).toEqual(suspended);
    expect(await errorOf(open({ apiKey: key }).threads.list().then())).toEqual(suspended);
    expect(await client.threads.list()).toEqual([]);
    await admin.adminAccounts.update({ params, body: { status: 'active' } });
    expect(await client.threads.list({}, there)).toEqual([]);
    const own = { account_id: (await admin.me.get()).account_id };
    const self = admin.adminAccounts.update({ params: own, body: { status: 'suspended' } });
    expect(await errorOf(self)).toEqual(apiError(409, 'conflict', 'cannot_modify_self'));
  });
}
