import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sharedTestApp } from '../../support/app/testApp.ts';

const { sql, signUp } = await sharedTestApp();

test('transactions cannot be updated, deleted or truncated', async () => {
  for (const text of ['update credit_transactions set amount = 1', 'delete from credit_transactions', 'truncate credit_transactions'])
    await expect(sql(text)).rejects.toMatchObject({ code: '23001' });
});

test('check constraints reject inconsistent transactions and balances', async () => {
  const { accountId } = await signUp();
  const insert = (type: string, amount: number, cause = 'admin_adjust') =>
    sql(`insert into credit_transactions (account_id, id, type, amount, reference_type) values ($1, gen_random_uuid(), $2, $3, $4)`, [
      accountId,
      type,
      amount,
      cause,
    ]);
  for (const [type, amount, cause] of [
    ['credit', 0],
    ['credit', -1],
    ['debit', 1],
    ['gift', 1],
    ['credit', 1, 'luck'],
  ] as const)
    await expect(insert(type, amount, cause)).rejects.toMatchObject({ code: '23514' });
  for (const balance of ['-1', '9007199254740992'])
    await expect(sql('update credit_balances set balance = $2 where account_id = $1', [accountId, balance])).rejects.toMatchObject({
      code: '23514',
    });
});

test('unique indexes allow one transaction per cause', async () => {
  const [{ accountId, id: userId }, other] = [await signUp(), await signUp()];
  const cause = randomUUID();
  const insert = (type: string, more: { account?: string; user?: string; metadata?: object; reference?: string } = {}) =>
    sql(
      `insert into credit_transactions (account_id, id, type, amount, reference_type, reference_id, user_id, metadata)
       values ($1, gen_random_uuid(), 'credit', 1, $2, $3, $4, $5)`,
      [more.account ?? accountId, type, more.reference ?? cause, more.user ?? null, JSON.stringify(more.metadata ?? {})],
    );
  const twice = async (first: Promise<unknown>, second: () => Promise<unknown>) => {
    await first;
    await expect(second()).rejects.toMatchObject({ code: '23505' });
  };
  for (const type of ['admin_bulk_adjust', 'admin_reset', 'run']) {
    await twice(insert(type), () => insert(type));
    await insert(type, { account: other.accountId });
  }
  await expect(insert('initial_grant', { reference: accountId })).rejects.toMatchObject({ code: '23505' });
  const redemption = { user: userId };
  await twice(insert('redemption_code', redemption), () => insert('redemption_code', { ...redemption, account: other.accountId }));
  await insert('redemption_code', { user: other.id });
  const referral = { metadata: { role: 'inviter' } };
  await twice(insert('referral', referral), () => insert('referral', { ...referral, account: other.accountId }));
  await insert('referral', { metadata: { role: 'invitee' } });
  const window = { metadata: { window_start: '2026-01-31T00:00:00.000Z' } };
  await twice(insert('monthly_grant', window), () => insert('monthly_grant', window));
  await insert('monthly_grant', { metadata: { window_start: '2026-02-28T00:00:00.000Z' } });
});
