import type { Queryable } from '../../database/sql.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { randomSymbols } from '../../platform/crypto/randomSymbols.ts';
import { failWith, rateLimited } from '../../platform/failure.ts';
import { selectPersonalAccount } from '../auth/queries.ts';
import { readEntitlements } from '../settings/settings.ts';
import type { InviteCodeRow } from './queries.ts';
import * as queries from './queries.ts';

/** The maximum of the column. An entitlement may exceed it. */
const maxStoredUses = 2 ** 31 - 1;

/**
 * Creates an active code with the number of uses that the personal account is entitled to. Returns the existing one if there is one, even
 * if a parallel call has just created it.
 */
export async function createInviteCode(tx: Queryable, userId: string, accountId: string): Promise<InviteCodeRow> {
  const { 'invite.default_max_uses': maxUses } = await readEntitlements(tx, accountId);
  for (;;) {
    const drawn = { id: newId(), userId, code: randomSymbols(8), maxUses: Math.min(maxUses, maxStoredUses) };
    const made = await tx.row(queries.insertCode, drawn);
    const active = made ?? (await tx.row(queries.selectActive, { userId }));
    if (active) return active;
  }
}

/** Uses a code once, in the transaction of the registration. Returns undefined if it is unknown, inactive or used up. */
export async function consumeInviteCode(tx: Queryable, code: string): Promise<{ inviterUserId: string; codeId: string } | undefined> {
  const used = await tx.row(queries.incrementUses, { code });
  return used && { inviterUserId: used.user_id, codeId: used.id };
}

/** Returns the caller's active code; creates one if there is none. */
export async function getInviteCode(scope: Scope): Promise<InviteCodeRow> {
  const { db, tx, actor } = scope;
  const active = await db.row(queries.selectActive, { userId: actor.userId });
  if (active) return active;
  const home = await lockOwner(tx, actor.userId);
  const before = await tx.row(queries.selectActive, { userId: actor.userId });
  if (before) return before;
  const made = await createInviteCode(tx, actor.userId, home);
  scope.audit({ targetId: made.id });
  return made;
}

/** Replaces the caller's code. Throws 429 until the newest code is 24 hours old. */
export async function resetInviteCode(scope: Scope): Promise<InviteCodeRow> {
  const { tx, actor } = scope;
  const home = await lockOwner(tx, actor.userId);
  const newest = await tx.row(queries.selectNewest, { userId: actor.userId });
  if (newest && newest.left > 0) throw rateLimited('invite_code_reset_cooldown', newest.left);
  await tx.run(queries.deactivateCodes, { userId: actor.userId });
  const made = await createInviteCode(tx, actor.userId, home);
  scope.audit({ targetId: made.id, metadata: { old_id: newest?.id ?? null, new_id: made.id } });
  return made;
}

/** Serializes changes of the codes of a user. Returns the personal account. Throws 401 if the user was suspended in the meantime. */
async function lockOwner(tx: Queryable, userId: string): Promise<string> {
  const owner = await tx.row(queries.lockOwner, { userId });
  if (owner?.status !== 'active') throw failWith('unauthenticated', 'session_revoked', 'The session has ended.');
  return (await tx.row(selectPersonalAccount, { userId }))!.id;
}
