import type { UserChanges } from '../../../contract/users.ts';
import { invalidField, refuse } from '../../kernel/failure.ts';
import { type Email, emailKeyOf } from '../../kernel/identity.ts';
import type { Scope } from '../../kernel/scope.ts';
import { canonicalTimeZone, expected, fieldChecks, readEmail, readLocale, readUsername } from '../auth/fields.ts';
import { unverifyAddress, verifyAddress } from '../auth/verifiedAddress.ts';
import { conflictAs } from '../llmProviders/conflict.ts';
import { endActivity } from './end.ts';
import type { UserRow } from './queries.ts';
import * as queries from './queries.ts';
import { demandRight, lockUser } from './rights.ts';
import { findUser, withAccounts } from './service.ts';

/** Change a user, with all that follows from it. Throws 400 with all that is wrong, 409 `email_taken` and what `demandRight` throws. */
export async function updateUser(scope: Scope, { id }: UserRow, changes: UserChanges) {
  const { app, tx } = scope;
  const { email, ...wanted } = readChanges(changes);
  const before = await lockUser(scope, id);
  const after = { ...before, ...wanted };
  const isSuspended = before.status === 'active' && after.status === 'suspended';
  await demandRight(scope, before, { access: isSuspended, adminRight: before.is_platform_admin && !after.is_platform_admin });
  const address = email === undefined ? before.email : (email?.text ?? null);
  if (changes.email_verified && address === null) throw invalidField('/email_verified', 'needs an email address');
  const values = [after.status, after.username, after.locale, after.timezone, after.is_platform_admin];
  await tx.run(queries.updateUser, [id, ...values]);
  if (email !== undefined)
    await tx.run(queries.updateEmail, [id, address, email?.key ?? null, email?.skeleton ?? null]).catch(conflictAs(emailTaken));
  await changeVerification(scope, before, email, changes.email_verified);
  if (isSuspended) await endActivity(scope, id, 'suspended');
  const changed = await findUser({ read: tx }, id);
  note(scope, before, changed);
  scope.afterCommit(() => app.access.forgetUser(id));
  return withAccounts(tx, changed);
}

const emailTaken = () => refuse('conflict', 'email_taken', 'This email address is taken.');

type Wanted = Partial<Pick<UserRow, 'status' | 'username' | 'locale' | 'timezone' | 'is_platform_admin'>> & { email?: Email | null };

function readChanges({ status, username, email, locale, timezone, is_platform_admin: isAdmin }: UserChanges): Wanted {
  const { take, done } = fieldChecks();
  const wanted = {
    ...(status !== undefined && { status }),
    ...(username !== undefined && { username: take('/username', readUsername(username), expected.username) }),
    ...(email !== undefined && { email: take('/email', email ? readEmail(email) : null, expected.email) }),
    ...(locale !== undefined && { locale: take('/locale', readLocale(locale), expected.locale) }),
    ...(timezone !== undefined && { timezone: take('/timezone', canonicalTimeZone(timezone), expected.timezone) }),
    ...(isAdmin !== undefined && { is_platform_admin: isAdmin }),
  };
  done();
  return wanted;
}

/** A verification belongs to an address, in whatever spelling. An undefined `change` keeps the address. */
async function changeVerification(scope: Scope, { id, email }: UserRow, change: Email | null | undefined, asked: boolean | undefined) {
  const isReplaced = change !== undefined && (email === null ? undefined : emailKeyOf(email)) !== change?.key;
  if (isReplaced || asked === false) await unverifyAddress(scope.tx, id, { isReplaced });
  const address = change === undefined ? email : change?.text;
  if (asked && address) await verifyAddress(scope, id, address, { by: 'administrator' });
}

const fields = ['status', 'username', 'email', 'email_verified_at', 'locale', 'timezone', 'is_platform_admin'] as const;

/** What changed goes into the audit log under the name of the gravest change; what changed nothing is not worth an entry. */
function note({ audit, skipAudit }: Scope, before: UserRow, after: UserRow) {
  const changed = fields.filter((field) => before[field] !== after[field]);
  if (changed.length === 0) return skipAudit();
  const of = (row: UserRow) => Object.fromEntries(changed.map((field) => [field, row[field]]));
  const turned = after.status === 'active' ? 'user.activate' : 'user.suspend';
  audit({ accountId: null, before: of(before), after: of(after), ...(before.status !== after.status && { action: turned }) });
}
