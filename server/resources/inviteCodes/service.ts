import { rateLimited, refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { Sql } from '../../kernel/sql.ts';
import { randomSymbols } from '../../kernel/symbols.ts';
import { selectPersonalAccount } from '../auth/queries.ts';
import { readEntitlements } from '../settings/settings.ts';
import type { InviteCodeRow } from './queries.ts';
import * as queries from './queries.ts';

/** What the column holds; an entitlement can say more. */
const mostUses = 2 ** 31 - 1;

/** Give a user an active code, as good as his personal account entitles to; one that is there already is the answer, also when a parallel call has just made it. */
export async function createInviteCode(tx: Sql, userId: string, accountId: string): Promise<InviteCodeRow> {
  const { 'invite.default_max_uses': maxUses } = await readEntitlements(tx, accountId);
  for (;;) {
    const made = await tx.row(queries.insertCode, [newId(), userId, randomSymbols(8), Math.min(maxUses, mostUses)]);
    const active = made ?? (await tx.row(queries.selectActive, [userId]));
    if (active) return active;
  }
}

/** Use a code once, in the transaction of the registration; undefined when it is unknown, inactive or used up. */
export async function consumeInviteCode(tx: Sql, code: string): Promise<{ inviterUserId: string; codeId: string } | undefined> {
  const used = await tx.row(queries.useCode, [code]);
  return used && { inviterUserId: used.user_id, codeId: used.id };
}

/** The caller's active code, made now when there is none. */
export async function getInviteCode(scope: Scope): Promise<InviteCodeRow> {
  const { read, tx, actor } = scope;
  const active = await read.row(queries.selectActive, [actor.userId]);
  if (active) return active;
  const home = await lockOwner(tx, actor.userId);
  const before = await tx.row(queries.selectActive, [actor.userId]);
  if (before) return before;
  const made = await createInviteCode(tx, actor.userId, home);
  scope.audit({ targetId: made.id });
  return made;
}

/** Replace the caller's code. Throws 429 until the newest one is a day old. */
export async function resetInviteCode(scope: Scope): Promise<InviteCodeRow> {
  const { tx, actor } = scope;
  const home = await lockOwner(tx, actor.userId);
  const newest = await tx.row(queries.selectNewest, [actor.userId]);
  if (newest && newest.left > 0) throw rateLimited('invite_code_reset_cooldown', newest.left);
  await tx.run(queries.deactivateCodes, [actor.userId]);
  const made = await createInviteCode(tx, actor.userId, home);
  scope.audit({ targetId: made.id, metadata: { old_id: newest?.id ?? null, new_id: made.id } });
  return made;
}

/** The codes of a user change one after the other. Answers with the personal account; throws 401 for somebody who was suspended meanwhile, and gets none. */
async function lockOwner(tx: Sql, userId: string): Promise<string> {
  const owner = await tx.row(queries.lockOwner, [userId]);
  if (owner?.status !== 'active') throw refuse('unauthenticated', 'session_revoked', 'The session has ended.');
  return (await tx.row(selectPersonalAccount, [userId]))!.id;
}
