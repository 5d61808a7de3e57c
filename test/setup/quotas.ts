import { expect } from 'vitest';
import type { Person, World } from './world.ts';

type Installation = Pick<World, 'sql' | 'call' | 'signUp' | 'promote'>;

/** Sets limits of single accounts, as an admin of the platform. */
export async function limiter({ call, signUp, promote }: Installation) {
  const chief = await signUp();
  await promote(chief);
  return async ({ accountId }: Pick<Person, 'accountId'>, key: string, value: number): Promise<void> => {
    const body = { account_id: accountId, key, value: String(value), value_type: 'integer' };
    const { status, text } = await call('POST', '/v1/entitlement-overrides', { token: chief.token, body });
    if (status > 201) throw new Error(`override: ${status} ${text}`);
  };
}

/** What the account of a person stores, as the API tells it. */
export const storageUsed = async ({ call }: Pick<World, 'call'>, { token }: Person): Promise<Record<string, number>> => {
  const { body } = await call('GET', '/v1/me/usage', { token });
  return Object.fromEntries(Object.entries<{ used_bytes: number }>(body.storage).map(([name, { used_bytes: used }]) => [name, used]));
};

/** Every counter is the sum of what is stored. */
export async function expectCounted({ sql }: Pick<World, 'sql'>): Promise<void> {
  const wrong = await sql(`
    select coalesce(q.account_id, s.account_id) as account_id, coalesce(q.quota, s.quota) as quota, q.used, s.bytes
    from quota_usage q full join (select account_id, quota, sum(bytes)::bigint as bytes from stored_bytes group by 1, 2) s
      on s.account_id = q.account_id and s.quota = q.quota
    where coalesce(q.used, 0) <> coalesce(s.bytes, 0)`);
  expect(wrong).toEqual([]);
}
