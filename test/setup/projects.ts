import { randomUUID } from 'node:crypto';
import type { Person, World } from './world.ts';

/** The header that puts a person into the account of another. */
export const inAccountOf = ({ accountId }: Pick<Person, 'accountId'>) => ({ 'x-account-id': accountId });

/** Calls about projects in the account of `host`, and teams there. */
export function projectCalls({ call, sql }: Pick<World, 'call' | 'sql'>, host: Person) {
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
