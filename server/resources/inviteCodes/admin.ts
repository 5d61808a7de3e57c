import type { InviteCodeChanges, InviteCodesQuery } from '../../../contract/inviteCodes.ts';
import { likeLiteral } from '../../database/sql.ts';
import type { Scope } from '../../http/scope.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import { searchKeyOf } from '../../platform/identity/identity.ts';
import type { OwnedCodeRow } from './adminQueries.ts';
import * as queries from './adminQueries.ts';
import { lockOwner } from './queries.ts';

export async function listInviteCodes({ app, db }: Scope, { limit, before, cursor = before, q }: InviteCodesQuery) {
  const [typed, canonical] = q === undefined ? [null, null] : [likeLiteral(q), likeLiteral(searchKeyOf(q))];
  return app.cursors.fetchPage(
    { limit, before: cursor },
    ['invite codes', q ?? null],
    (key) => db.rows(queries.selectCodes, { typed, canonical, ...key }),
    (row) => [row.created_at, row.id],
  );
}

export async function findInviteCode({ db }: Pick<Scope, 'db'>, id: string): Promise<OwnedCodeRow> {
  const code = await db.row(queries.selectCode, { id });
  if (!code) throw notFound();
  return code;
}

/** Throws 409 `active_code_exists` if the owner would have two active codes. */
export async function updateInviteCode({ tx, audit }: Scope, found: OwnedCodeRow, changes: InviteCodeChanges): Promise<OwnedCodeRow> {
  const { id, user_id: userId } = found;
  await tx.row(lockOwner, { userId });
  const before = (await tx.row(queries.lockCode, { id }))!;
  const after = { max_uses: changes.max_uses ?? before.max_uses, is_active: changes.is_active ?? before.is_active };
  if (after.is_active && !before.is_active && (await tx.row(queries.selectOtherActive, { userId, id })))
    throw failWith('conflict', 'active_code_exists', 'The user has another active code.');
  await tx.run(queries.updateCode, { id, maxUses: after.max_uses, isActive: after.is_active });
  audit({ accountId: null, before, after });
  return (await tx.row(queries.selectCode, { id }))!;
}
