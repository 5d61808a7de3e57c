import type { Erasure, ErasureDetails } from '../../../contract/erasures.ts';
import type { Person, TestApp } from '../app/testApp.ts';
import { eventually } from '../resources/conversation.ts';

/** Requests erasures through the API and waits for them. */
export function erasureCalls({ call, sql }: Pick<TestApp, 'call' | 'sql'>) {
  const raw = ({ token }: Pick<Person, 'token'>, accountId: string, body: object) =>
    call('POST', `/v1/accounts/${accountId}/erasure`, { token, body });
  const request = async (owner: Person, accountId: string, slug: string, more: object = {}): Promise<Erasure> => {
    const { status, body, text } = await raw(owner, accountId, { slug, current_password: owner.password, ...more });
    if (status !== 201) throw new Error(`erasure: ${status} ${text}`);
    return body;
  };
  return {
    request: Object.assign(request, { raw }),
    /** Ends the grace period of an erasure. */
    async makeDue(id: string) {
      await sql(`update erasures set due_at = now() where id = $1`, [id]);
      await sql(`update graphile_worker._private_jobs set run_at = now() where key = $1`, [`erasure:${id}`]);
    },
    completed: ({ token }: Pick<Person, 'token'>, id: string): Promise<ErasureDetails> =>
      eventually(async () => {
        const { status, body, text } = await call('GET', `/v1/me/erasures/${id}`, { token });
        if (status !== 200) throw new Error(`erasure: ${status} ${text}`);
        return body.state === 'completed' && body;
      }, 'the end of the erasure'),
  };
}

/** Every table with `account_id`. */
const tenantTables = async (sql: TestApp['sql']): Promise<string[]> =>
  (
    await sql(
      `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'account_id' and a.attnum > 0
       where c.relnamespace = quote_ident(current_schema())::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
    )
  ).map(({ name }) => name as string);

/** A hash of the rows of an account in each table, to compare. */
export async function rowHashes({ sql }: Pick<TestApp, 'sql'>, accountId: string): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const name of await tenantTables(sql)) {
    const [{ hash, rows }] = await sql(
      `select md5(string_agg(t::text, '|' order by t::text)) as hash, count(*) as rows from "${name}" t where account_id::text = $1`,
      [accountId],
    );
    hashes[name] = `${rows} ${hash}`;
  }
  return hashes;
}

/** The number of rows of an account in each table that has some. */
export async function rowCounts({ sql }: Pick<TestApp, 'sql'>, accountId: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of await tenantTables(sql)) {
    const [{ rows }] = await sql(`select count(*)::int as rows from "${name}" where account_id::text = $1`, [accountId]);
    if (rows > 0) counts[name] = rows;
  }
  return counts;
}
