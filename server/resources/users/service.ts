import type { UsersQuery } from '../../../contract/users.ts';
import { notFound } from '../../kernel/failure.ts';
import { searchKeyOf } from '../../kernel/identity.ts';
import type { Scope } from '../../kernel/scope.ts';
import { likeLiteral, type Sql } from '../../kernel/sql.ts';
import type { UserRow } from './queries.ts';
import * as queries from './queries.ts';

/** The users of the platform, newest first. Who was deleted is none. */
export async function listUsers({ app, read }: Scope, { limit, before, cursor = before, q, status }: UsersQuery) {
  const list = ['users', q ?? null, status ?? null];
  const [createdAt = null, id = null] = app.cursors.open(cursor, list) ?? [];
  const [typed, canonical] = q === undefined ? [null, null] : [likeLiteral(q), likeLiteral(searchKeyOf(q))];
  const values = [typed, status ?? null, createdAt, id, limit + 1, canonical];
  return app.cursors.page(await read.rows(queries.selectUsers, values), limit, list, (row) => [row.created_at, row.id]);
}

/** The user a path names. */
export async function findUser({ read }: Pick<Scope, 'read'>, id: string): Promise<UserRow> {
  const user = await read.row(queries.selectUser, [id]);
  if (!user) throw notFound();
  return user;
}

/** A user with the accounts that he is a member of. */
export const withAccounts = async (sql: Sql, user: UserRow) => ({ user, accounts: await sql.rows(queries.selectAccounts, [user.id]) });
