import { randomUUID } from 'node:crypto';
import type { Answer, Person, TestApp } from '../app/testApp.ts';
import { eventually } from './conversation.ts';

/** The header that selects the account of another user. */
const inAccountOf = ({ accountId }: Pick<Person, 'accountId'>) => ({ 'x-account-id': accountId });

/** Calls for projects, teams and API keys in the account of `host`. */
export function projectCalls({ call, sql }: Pick<TestApp, 'call' | 'sql'>, host: Person) {
  const ask = (method: string, path: string, { token }: Pick<Person, 'token'>, body?: unknown) =>
    call(method, `/v1/projects${path}`, { token, body, headers: inAccountOf(host) });
  return {
    ask,
    list: (by: Pick<Person, 'token'>, query = '') => ask('GET', query, by),
    get: (by: Pick<Person, 'token'>, id: string, below = '') => ask('GET', `/${id}${below}`, by),
    create: (by: Pick<Person, 'token'>, body: object = {}) => ask('POST', '', by, { name: 'a project', ...body }),
    change: (by: Pick<Person, 'token'>, id: string, body: object) => ask('PATCH', `/${id}`, by, body),
    remove: (by: Pick<Person, 'token'>, id: string) => ask('DELETE', `/${id}`, by),
    async team(...members: Person[]): Promise<string> {
      const id = randomUUID();
      await sql('insert into teams (account_id, id, name) values ($1, $2, $3)', [host.accountId, id, 'a team']);
      for (const { id: userId } of members)
        await sql(`insert into team_members (account_id, team_id, user_id, role) values ($1, $2, $3, 'member')`, [
          host.accountId,
          id,
          userId,
        ]);
      return id;
    },
    async key({ token }: Person, scopes: string[] | null = null): Promise<{ token: string }> {
      const made = await call('POST', '/v1/api-keys', { token, body: { name: 'a key', scopes }, headers: inAccountOf(host) });
      if (made.status !== 201) throw new Error(`key: ${made.status} ${made.text}`);
      return { token: made.body.key };
    },
  };
}

/** Users of one account for project tests, and calls that change them. */
export function projectUsers(app: TestApp) {
  const { signUp, joinAccount, sql } = app;
  return {
    /** An account with its admin, an owner of projects (also an admin), two members, and a stranger. */
    async house() {
      const [admin, owner, member, mate, stranger] = await Promise.all([signUp(), signUp(), signUp(), signUp(), signUp()]);
      await joinAccount(owner, admin, 'admin');
      await joinAccount(member, admin);
      await joinAccount(mate, admin);
      return { admin, owner, member, mate, stranger, ...projectCalls(app, admin) };
    },
    async setRole({ id, token }: Person, { accountId }: Person, role: string) {
      await sql('update memberships set role = $3 where account_id = $1 and user_id = $2', [accountId, id, role]);
      await sql(`select pg_notify('arkloop_access', $1)`, [id]);
      const roleNow = async () => (await app.call('GET', '/v1/me', { token, headers: { 'x-account-id': accountId } })).body.role;
      await eventually(async () => (await roleNow()) === role, `the role ${role}`);
    },
    /** The audit entries of a request. */
    auditOf: ({ headers }: Answer) =>
      sql('select action, target_type, target_id, metadata from audit_logs where trace_id = $1', [headers.get('x-trace-id')]),
  };
}
