import type { MeChanges } from '../../../contract/me.ts';
import type { Scope } from '../../kernel/scope.ts';
import { expected, fieldChecks, readLocale, readTimeZone, readUsername } from '../auth/fields.ts';
import { lockProfile, type MeRow, type ProfileRow, selectMe, updateProfile } from './queries.ts';

/** The signed-in user in the active account. One statement, because clients ask at every start. */
export async function getMe({ read, actor, accountId }: Scope): Promise<MeRow> {
  return (await read.row(selectMe, [actor.userId, accountId]))!;
}

type Profile = Omit<ProfileRow, 'home'>;

/** Change what is named and leave the rest. Throws 400 with all that is wrong. */
export async function updateMe(scope: Scope, changes: MeChanges): Promise<Profile> {
  const { tx, actor } = scope;
  const wanted = readChanges(changes);
  const { home, ...before } = (await tx.row(lockProfile, [actor.userId]))!;
  const after = { ...before, ...wanted };
  await tx.run(updateProfile, [actor.userId, after.username, after.timezone, after.locale]);
  scope.audit({ accountId: home, targetId: actor.userId, before, after });
  return after;
}

function readChanges({ username, timezone, locale }: MeChanges): Partial<Profile> {
  const { take, done } = fieldChecks();
  const wanted = {
    ...(username !== undefined && { username: take('/username', readUsername(username), expected.username) }),
    ...(timezone !== undefined && { timezone: take('/timezone', readTimeZone(timezone), expected.timezone) }),
    ...(locale !== undefined && { locale: take('/locale', readLocale(locale), expected.locale) }),
  };
  done();
  return wanted;
}
