import type { UsersQuery } from '../../../contract/users.ts';
import { likeLiteral, type Queryable } from '../../database/sql.ts';
import type { Scope } from '../../http/scope.ts';
import { notFound } from '../../platform/failure.ts';
import { searchKeyOf } from '../../platform/identity/identity.ts';
import type { UserRow } from './queries.ts';
import * as queries from './queries.ts';

/** Newest first, without deleted users. */
export async function listUsers({ app, db }: Scope, { limit, before, cursor = before, q, status }: UsersQuery) {
  const list = ['users', q ?? null, status ?? null];
  const [pattern, canonicalPattern] = q === undefined ? [null, null] : [likeLiteral(q), likeLiteral(searchKeyOf(q))];
  return app.cursors.fetchPage(
    { limit, before: cursor },
    list,
    (key) => db.rows(queries.selectUsers, { pattern, canonicalPattern, status: status ?? null, ...key }),
    (row) => [row.created_at, row.id],
  );
}

export async function findUser({ db }: Pick<Scope, 'db'>, id: string): Promise<UserRow> {
  const user = await db.row(queries.selectUser, { id });
  if (!user) throw notFound();
  return user;
}

export const withAccounts = async (sql: Queryable, user: UserRow) => ({
  user,
  accounts: await sql.rows(queries.selectAccounts, { userId: user.id }),
});
