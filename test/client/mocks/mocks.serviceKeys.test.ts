import { expect, test } from 'vitest';
import { createClient } from '../../../client/index.ts';
import { createMocks } from '../../../client/mocks/index.ts';
import { servicePermissions } from '../../../contract/shared/permissions.ts';
import { registry } from '../../../server/resources/settings/registry.ts';

const baseUrl = 'http://localhost:19000';

async function start() {
  const mocks = createMocks({ baseUrl });
  const { accessToken } = mocks.state.signUp({ isAdmin: true });
  const admin = createClient({ baseUrl, fetch: mocks.fetch, accessToken });
  const { key } = await admin.serviceKeys.create({ body: { name: 'billing', scopes: [...servicePermissions] } });
  return { mocks, admin, program: createClient({ baseUrl, fetch: mocks.fetch, apiKey: key }), customer: mocks.state.signUp() };
}

const notAllowed = { status: 403, reason: 'service_key_not_allowed' };

test('a service key changes exactly the entitlements that it may change on a server', async () => {
  const { program, customer } = await start();
  const set = (key: string) =>
    program.entitlementOverrides.set({ body: { account_id: customer.accountId, key, value: 'x', value_type: 'string' } });
  const isClosed = ([key, { sensitive }]: (typeof all)[number]) => sensitive || /^web_(search|fetch)\./.test(key);
  const all = Object.entries(registry);
  for (const each of all)
    await (isClosed(each)
      ? expect(set(each[0]), each[0]).rejects.toMatchObject(notAllowed)
      : expect(set(each[0]), each[0]).resolves.toMatchObject({ key: each[0] }));
});

test('a service key leaves plans with settings of tools, flags of the platform and accounts of admins alone', async () => {
  const { mocks, admin, program, customer } = await start();
  const entitlements = [{ key: 'web_fetch.firecrawl_base_url', value: 'https://a.example.com', value_type: 'string' as const }];
  const withTool = await admin.plans.create({ body: { name: 'tools', display_name: 'Tools', entitlements } });
  const own = await program.plans.create({ body: { name: 'own', display_name: 'Own' } });
  await admin.featureFlags.create({ body: { key: 'registration.open', default_value: false } });
  await program.featureFlags.create({ body: { key: 'beta', default_value: false } });
  const plan = (id: string) => ({ params: { plan_id: id } });
  const flag = (key: string) => ({ params: { key } });
  for (const denied of [
    () => program.plans.create({ body: { name: 'more', display_name: 'More', entitlements } }),
    () => program.plans.update({ ...plan(own.id), body: { entitlements } }),
    () => program.plans.update({ ...plan(withTool.id), body: { entitlements: [] } }),
    () => program.plans.delete(plan(withTool.id)),
    () => program.featureFlags.update({ ...flag('registration.open'), body: { default_value: true } }),
    () => program.featureFlags.delete(flag('registration.open')),
  ])
    await expect(denied()).rejects.toMatchObject(notAllowed);
  expect((await program.plans.update({ ...plan(withTool.id), body: { display_name: 'Team' } })).display_name).toBe('Team');
  await program.plans.delete(plan(own.id));
  await program.featureFlags.delete(flag('beta'));
  expect(await admin.plans.get(plan(withTool.id))).toMatchObject({ entitlements });

  const suspend = (account_id: string) => program.adminAccounts.update({ params: { account_id }, body: { status: 'suspended' } });
  await expect(suspend(mocks.state.signUp({ isAdmin: true }).accountId)).rejects.toMatchObject({
    status: 409,
    reason: 'account_of_platform_admin',
  });
  expect((await suspend(customer.accountId)).status).toBe('suspended');
});
