import { randomBytes } from 'node:crypto';
import { rateLimited } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { Sql } from '../../kernel/sql.ts';
import { readSettings } from '../settings/settings.ts';
import type { InviteCodeRow } from './queries.ts';
import * as queries from './queries.ts';

/** 32 symbols that nobody mistakes for each other, so that five bits choose one without bias. */
const symbols = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const newCode = () => Array.from(randomBytes(8), (byte) => symbols[byte & 31]).join('');

/** Give a user an active code; one that is there already is the answer, also when a parallel call has just made it. */
export async function createInviteCode(tx: Sql, userId: string): Promise<InviteCodeRow> {
  const { 'invite.default_max_uses': maxUses } = await readSettings(tx);
  for (;;) {
    const made = await tx.row(queries.insertCode, [newId(), userId, newCode(), maxUses]);
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
  await tx.row(queries.lockOwner, [actor.userId]);
  const before = await tx.row(queries.selectActive, [actor.userId]);
  if (before) return before;
  const made = await createInviteCode(tx, actor.userId);
  scope.audit({ targetId: made.id });
  return made;
}

/** Replace the caller's code. Throws 429 until the newest one is a day old. */
export async function resetInviteCode(scope: Scope): Promise<InviteCodeRow> {
  const { tx, actor } = scope;
  await tx.row(queries.lockOwner, [actor.userId]);
  const newest = await tx.row(queries.selectNewest, [actor.userId]);
  if (newest && newest.left > 0) throw rateLimited('invite_code_reset_cooldown', newest.left);
  await tx.run(queries.deactivateCodes, [actor.userId]);
  const made = await createInviteCode(tx, actor.userId);
  scope.audit({ targetId: made.id, metadata: { old_id: newest?.id ?? null, new_id: made.id } });
  return made;
}
