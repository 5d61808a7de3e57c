import type { InviteCodeChanges, InviteCodesQuery } from '../../../contract/inviteCodes.ts';
import { notFound, refuse } from '../../kernel/failure.ts';
import { searchKeyOf } from '../../kernel/identity.ts';
import type { Scope } from '../../kernel/scope.ts';
import { likeLiteral } from '../../kernel/sql.ts';
import type { OwnedCodeRow } from './adminQueries.ts';
import * as queries from './adminQueries.ts';
import { lockOwner } from './queries.ts';

/** The codes of all users, newest first. */
export async function listInviteCodes({ app, read }: Scope, { limit, before, cursor = before, q }: InviteCodesQuery) {
  const list = ['invite codes', q ?? null];
  const [createdAt = null, id = null] = app.cursors.open(cursor, list) ?? [];
  const [typed, canonical] = q === undefined ? [null, null] : [likeLiteral(q), likeLiteral(searchKeyOf(q))];
  const rows = await read.rows(queries.selectCodes, [typed, createdAt, id, limit + 1, canonical]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}

/** The code a path names. */
export async function findInviteCode({ read }: Pick<Scope, 'read'>, id: string): Promise<OwnedCodeRow> {
  const code = await read.row(queries.selectCode, [id]);
  if (!code) throw notFound();
  return code;
}

/** Change a code. Throws 409 `active_code_exists` when it would be the second active one of its owner. */
export async function updateInviteCode({ tx, audit }: Scope, found: OwnedCodeRow, changes: InviteCodeChanges): Promise<OwnedCodeRow> {
  const { id, user_id: userId } = found;
  await tx.row(lockOwner, [userId]);
  const before = (await tx.row(queries.lockCode, [id]))!;
  const after = { max_uses: changes.max_uses ?? before.max_uses, is_active: changes.is_active ?? before.is_active };
  if (after.is_active && !before.is_active && (await tx.row(queries.selectOtherActive, [userId, id])))
    throw refuse('conflict', 'active_code_exists', 'The user has another active code.');
  await tx.run(queries.updateCode, [id, after.max_uses, after.is_active]);
  audit({ accountId: null, before, after });
  return (await tx.row(queries.selectCode, [id]))!;
}
