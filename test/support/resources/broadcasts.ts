import type { Answer, Person, TestApp } from '../app/testApp.ts';
import { eventually } from './conversation.ts';

type Sql = TestApp['sql'];

/** Inserts `count` users, each with a credential and a personal account. They cannot sign in. */
export async function addUsers(sql: Sql, count: number): Promise<void> {
  await sql(`
    with made as (
      insert into users (id, username, email, email_key)
      select new_id(), 'crowd-' || n, 'crowd-' || n || '@example.test', 'crowd-' || n || '@example.test' from generate_series(1, ${count}) n returning id, username),
    keys as (
      insert into credentials (user_id, login, login_key, password_hash) select id, username, username, 'none' from made),
    homes as (
      insert into accounts (id, slug, name, type, owner_user_id)
      select new_id(), username, username, 'personal', id from made returning id, owner_user_id)
    insert into memberships (account_id, user_id, role) select id, owner_user_id, 'admin' from homes`);
  await sql('analyze users, accounts, memberships, credentials');
}

/** The state of a broadcast in the database: status, sent count, number of notifications, and number of users who have one. */
export async function broadcastState(sql: Sql, id: string): Promise<{ status: string; sent: number; rows: number; users: number }> {
  const [found] = await sql(
    `select b.status, b.sent_count as sent, count(n.id)::int as rows, count(distinct n.user_id)::int as users
     from broadcasts b left join notifications n on n.broadcast_id = b.id where b.id = $1 group by b.id`,
    [id],
  );
  return found;
}

/** The number of recipients of a broadcast to all users. */
export const countReceivers = async (sql: Sql): Promise<number> =>
  (await sql(`select count(*)::int as n from users u join credentials c on c.user_id = u.id where u.status = 'active'`))[0].n;

/** Broadcast calls of a platform admin, and the notifications of recipients. */
export function broadcastCalls({ call, sql }: Pick<TestApp, 'call' | 'sql'>, { token }: Pick<Person, 'token'>) {
  const path = '/v1/admin/notifications/broadcasts';
  const create = (body: object) => call('POST', path, { token, body });
  const get = async (id: string) => (await call('GET', `${path}/${id}`, { token })).body;
  const send = async (more: object = {}) => {
    const answer = await create({ type: 'news', title: 'News', body: 'There is news.', target: 'all', ...more });
    if (answer.status !== 202) throw new Error(`broadcast: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  const ended = (id: string, ms = 20_000) =>
    eventually(
      async () => !['pending', 'sending'].includes((await broadcastState(sql, id)).status) && get(id),
      'the end of the broadcast',
      ms,
    );
  return {
    create,
    send,
    get,
    ended,
    /** Sends a broadcast and waits until it has ended. */
    sendAll: async (more: object = {}) => ended((await send(more)).id),
    list: (query = '') => call('GET', path + query, { token }),
    remove: (id: string): Promise<Answer> => call('DELETE', `${path}/${id}`, { token }),
    inbox: async (person: Pick<Person, 'token'>, query = ''): Promise<any[]> =>
      (await call('GET', `/v1/notifications${query}`, { token: person.token })).body.data,
  };
}

/**
 * Blocks the fan-out at a user until released: an uncommitted transaction inserts the same notification for the user, and is rolled back on
 * release.
 */
export async function blockFanOutAt({ database }: Pick<TestApp, 'database'>, broadcastId: string, userId: string) {
  const client = await database.pool.connect();
  await client.query('begin; set local idle_in_transaction_session_timeout = 0');
  await client.query(
    `insert into notifications (account_id, user_id, type, broadcast_id)
     select a.id, a.owner_user_id, 'news', $1 from accounts a where a.owner_user_id = $2 and a.type = 'personal'`,
    [broadcastId, userId],
  );
  const release = async () => {
    await client.query('rollback');
    client.release();
  };
  const isWaiting = async () => {
    // A transaction otherwise sees the connections of its first look only.
    await client.query('select pg_stat_clear_snapshot()');
    const { rows } = await client.query(
      'select 1 from pg_stat_activity where datname = current_database() and pg_backend_pid() = any(pg_blocking_pids(pid))',
    );
    return rows.length > 0;
  };
  return { release, reached: () => eventually(isWaiting, 'the arrival of the fan-out at the user', 30_000) };
}
