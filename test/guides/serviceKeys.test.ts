import { expect, test } from 'vitest';
import { startTestApp } from '../support/app/testApp.ts';
import { billingScopes, runBillingScript } from './billingScript.ts';

const { call, signUp, signUpAdmin, url } = await startTestApp({}, { worker: false });

test('the billing script of the guide renews subscriptions and adds credits once for each invoice', async () => {
  const [admin, customer, other] = [await signUpAdmin(), await signUp(), await signUp()];
  const post = async (path: string, body: object) => (await call('POST', path, { token: admin.token, body })).body;
  const { key } = await post('/v1/admin/service-keys', { name: 'billing', scopes: billingScopes });
  const plan = await post('/v1/plans', { name: 'pro', display_name: 'Pro' });
  const period = { current_period_start: '2026-01-01T00:00:00Z', current_period_end: '2026-02-01T00:00:00Z' };
  const subscription = await post('/v1/subscriptions', { account_id: customer.accountId, plan_id: plan.id, ...period });
  const balanceOf = async ({ token }: typeof customer) => (await call('GET', '/v1/me/credits', { token })).body.balance as number;
  const before = await balanceOf(customer);

  const payment = { account_id: customer.accountId, paid_until: '2027-02-01T00:00:00.000Z', credits: 50 };
  const payments = [
    { invoice: 'invoice-1', ...payment },
    { invoice: 'invoice-1', ...payment },
    { invoice: 'invoice-2', ...payment, account_id: other.accountId },
  ];
  const printed = await runBillingScript({ url, key, payments });

  const line = `invoice-1: ${before + 50} credits, 0 USD used this month`;
  expect(printed).toEqual([line, line, expect.stringMatching(/^invoice-2: \d+ credits/)]);
  expect(await balanceOf(customer)).toBe(before + 50);
  const { body: renewed } = await call('GET', `/v1/subscriptions/${subscription.id}`, { token: admin.token });
  expect(renewed.current_period_end).toBe('2027-02-01T00:00:00.000Z');
});
