import { expect } from 'vitest';
import { eventually } from './conversation.ts';
import type { Person, World } from './world.ts';

/** Operations on all accounts as an admin makes them. */
export function creditCalls({ call }: Pick<World, 'call'>, { token }: Pick<Person, 'token'>) {
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

/** What an operation has left in the ledger: its rows, their accounts and sum, and the most rows of one transaction. */
export async function operationRows({ sql }: Pick<World, 'sql'>, id: string) {
  const [found] = await sql(
    `select count(*)::int as rows, count(distinct account_id)::int as accounts, sum(amount)::int as sum,
       (select max(n)::int from (select count(*) as n from credit_transactions where reference_id = $1 group by xmin::text) t) as longest
     from credit_transactions where reference_id = $1`,
    [id],
  );
  return found;
}

/** Every balance is the sum of its ledger. */
export async function expectSoundBalances({ sql }: Pick<World, 'sql'>): Promise<void> {
  const wrong = await sql(`
    select b.account_id, b.balance, sum(t.amount) as ledger from credit_balances b left join credit_transactions t on t.account_id = b.account_id
    group by b.account_id, b.balance having b.balance <> coalesce(sum(t.amount), 0)`);
  expect(wrong).toEqual([]);
}
