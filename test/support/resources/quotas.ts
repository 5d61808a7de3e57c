import { expect } from 'vitest';
import type { Person, TestApp } from '../app/testApp.ts';

type Installation = Pick<TestApp, 'sql' | 'call' | 'signUp' | 'promote'>;

/** Returns a function that sets a limit of one account, as a platform admin. */
export async function limitSetter({ call, signUp, promote }: Installation) {
  const chief = await signUp();
  await promote(chief);
  return async ({ accountId }: Pick<Person, 'accountId'>, key: string, value: number): Promise<void> => {
    const body = { account_id: accountId, key, value: String(value), value_type: 'integer' };
    const { status, text } = await call('POST', '/v1/entitlement-overrides', { token: chief.token, body });
    if (status > 201) throw new Error(`override: ${status} ${text}`);
  };
}

/** Bytes that a user's account stores by kind, from `GET /v1/me/usage`. */
export const storageUsed = async ({ call }: Pick<TestApp, 'call'>, { token }: Person): Promise<Record<string, number>> => {
  const { body } = await call('GET', '/v1/me/usage', { token });
  return Object.fromEntries(Object.entries<{ used_bytes: number }>(body.storage).map(([name, { used_bytes: used }]) => [name, used]));
};

/** Every quota counter equals the sum of the stored bytes. */
export async function expectQuotaCounters({ sql }: Pick<TestApp, 'sql'>): Promise<void> {
  const wrong = await sql(`
    select coalesce(q.account_id, s.account_id) as account_id, coalesce(q.quota, s.quota) as quota, q.used, s.bytes
    from quota_usage q full join (select account_id, quota, sum(bytes)::bigint as bytes from stored_bytes group by 1, 2) s
      on s.account_id = q.account_id and s.quota = q.quota
    where coalesce(q.used, 0) <> coalesce(s.bytes, 0)`);
  expect(wrong).toEqual([]);
}
