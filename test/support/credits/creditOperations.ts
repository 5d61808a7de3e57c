import { expect } from 'vitest';
import type { Person, TestApp } from '../app/testApp.ts';
import { eventually } from '../resources/conversation.ts';

/** Credit operations of a platform admin. */
export function creditCalls({ call }: Pick<TestApp, 'call'>, { token }: Pick<Person, 'token'>) {
  const path = '/v1/admin/credits';
  const post = (what: string, body: object, headers: Record<string, string> = {}) =>
    call('POST', `${path}/${what}`, { token, body, headers });
  const read = (id: string) => call('GET', `${path}/operations/${id}`, { token });
  return {
    bulk: (body: object, headers?: Record<string, string>) => post('bulk-adjust', body, headers),
    reset: (body: object) => post('reset-all', body),
    adjust: (account_id: string, amount: number) => post('adjust', { account_id, amount }),
    read,
    ended: (id: string, ms = 30_000) =>
      eventually(
        async () => {
          const { body } = await read(id);
          return body.state === 'completed' && body;
        },
        'the end of the operation',
        ms,
      ),
  };
}

/** The ledger rows of an operation: their number, accounts and sum; `longest` is the maximum number of rows in one transaction. */
export async function operationRows({ sql }: Pick<TestApp, 'sql'>, id: string) {
  const [found] = await sql(
    `select count(*)::int as rows, count(distinct account_id)::int as accounts, sum(amount)::int as sum,
       (select max(n)::int from (select count(*) as n from credit_transactions where reference_id = $1 group by xmin::text) t) as longest
     from credit_transactions where reference_id = $1`,
    [id],
  );
  return found;
}

/** Every balance equals the sum of its ledger rows. */
export async function expectConsistentBalances({ sql }: Pick<TestApp, 'sql'>): Promise<void> {
  const wrong = await sql(`
    select b.account_id, b.balance, sum(t.amount) as ledger from credit_balances b left join credit_transactions t on t.account_id = b.account_id
    group by b.account_id, b.balance having b.balance <> coalesce(sum(t.amount), 0)`);
  expect(wrong).toEqual([]);
}
