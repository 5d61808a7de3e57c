import type { MeChanges } from '../../../contract/me.ts';
import type { Scope } from '../../http/scope.ts';
import { fieldChecks, fieldRules, readLocale, readTimeZone, readUsername } from '../auth/fields.ts';
import { lockProfile, type MeRow, type ProfileRow, selectMe, updateProfile } from './queries.ts';

/** One statement, because clients call this endpoint at every start. */
export async function getMe({ db, actor, accountId }: Scope): Promise<MeRow> {
  return (await db.row(selectMe, { userId: actor.userId, accountId }))!;
}

type Profile = Omit<ProfileRow, 'home'>;

/** Fields that are left out stay unchanged. Throws 400 with all invalid fields. */
export async function updateMe(scope: Scope, changes: MeChanges): Promise<Profile> {
  const { tx, actor } = scope;
  const wanted = readChanges(changes);
  const { home, ...before } = (await tx.row(lockProfile, { userId: actor.userId }))!;
  const after = { ...before, ...wanted };
  await tx.run(updateProfile, { userId: actor.userId, ...after });
  scope.audit({ accountId: home, targetId: actor.userId, before, after });
  return after;
}

function readChanges({ username, timezone, locale }: MeChanges): Partial<Profile> {
  const { take, done } = fieldChecks();
  const wanted = {
    ...(username !== undefined && { username: take('/username', readUsername(username), fieldRules.username) }),
    ...(timezone !== undefined && { timezone: take('/timezone', readTimeZone(timezone), fieldRules.timezone) }),
    ...(locale !== undefined && { locale: take('/locale', readLocale(locale), fieldRules.locale) }),
  };
  done();
  return wanted;
}
