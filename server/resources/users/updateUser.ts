import { inconsistentValues } from '../../../contract/shared/fields.ts';
import type { UserChanges } from '../../../contract/users.ts';
import type { Scope } from '../../http/scope.ts';
import { failWith, invalidField } from '../../platform/failure.ts';
import { type Email, emailKeyOf } from '../../platform/identity/identity.ts';
import { unverifyAddress, verifyAddress } from '../auth/codes/verifyAddress.ts';
import { canonicalTimeZone, fieldChecks, fieldRules, readEmail, readLocale, readUsername } from '../auth/fields.ts';
import { onUniqueViolation } from '../llmProviders/uniqueViolation.ts';
import { endActivity } from './deleteUser.ts';
import type { UserRow } from './queries.ts';
import * as queries from './queries.ts';
import { checkChangeAllowed, lockUser } from './rights.ts';
import { findUser, withAccounts } from './service.ts';

/** Throws 400 with all invalid fields, 409 `email_taken`, and the errors of `checkChangeAllowed`. */
export async function updateUser(scope: Scope, { id }: UserRow, changes: UserChanges) {
  const { app, tx } = scope;
  const { email, ...wanted } = readChanges(changes);
  const before = await lockUser(scope, id);
  const after = { ...before, ...wanted };
  const isSuspended = before.status === 'active' && after.status === 'suspended';
  await checkChangeAllowed(scope, before, { access: isSuspended, adminRight: before.is_platform_admin && !after.is_platform_admin });
  const address = email === undefined ? before.email : (email?.text ?? null);
  if (changes.email_verified && address === null)
    throw invalidField('/email_verified', 'needs an email address', inconsistentValues.reason);
  const { status, username, locale, timezone, is_platform_admin: isAdmin } = after;
  await tx.run(queries.updateUser, { id, status, username, locale, timezone, isAdmin });
  if (email !== undefined)
    await tx
      .run(queries.updateEmail, { id, email: address, emailKey: email?.key ?? null, emailSkeleton: email?.skeleton ?? null })
      .catch(onUniqueViolation(emailTaken));
  await changeVerification(scope, before, email, changes.email_verified);
  if (isSuspended) await endActivity(scope, id, 'suspended');
  const changed = await findUser({ db: tx }, id);
  auditChanges(scope, before, changed);
  scope.afterCommit(() => app.accessControl.invalidateUser(id));
  return withAccounts(tx, changed);
}

const emailTaken = () => failWith('conflict', 'email_taken', 'This email address is taken.');

type ParsedChanges = Partial<Pick<UserRow, 'status' | 'username' | 'locale' | 'timezone' | 'is_platform_admin'>> & { email?: Email | null };

function readChanges({ status, username, email, locale, timezone, is_platform_admin: isAdmin }: UserChanges): ParsedChanges {
  const { take, done } = fieldChecks();
  const wanted = {
    ...(status !== undefined && { status }),
    ...(username !== undefined && { username: take('/username', readUsername(username), fieldRules.username) }),
    ...(email !== undefined && { email: take('/email', email ? readEmail(email) : null, fieldRules.email) }),
    ...(locale !== undefined && { locale: take('/locale', readLocale(locale), fieldRules.locale) }),
    ...(timezone !== undefined && { timezone: take('/timezone', canonicalTimeZone(timezone), fieldRules.timezone) }),
    ...(isAdmin !== undefined && { is_platform_admin: isAdmin }),
  };
  done();
  return wanted;
}

/** A verification belongs to an address regardless of its spelling. An undefined `change` keeps the address. */
async function changeVerification(scope: Scope, { id, email }: UserRow, change: Email | null | undefined, asked: boolean | undefined) {
  const isReplaced = change !== undefined && (email === null ? undefined : emailKeyOf(email)) !== change?.key;
  if (isReplaced || asked === false) await unverifyAddress(scope.tx, id, { isReplaced });
  const address = change === undefined ? email : change?.text;
  if (asked && address) await verifyAddress(scope, id, address, { by: 'administrator' });
}

const auditedFields = ['status', 'username', 'email', 'email_verified_at', 'locale', 'timezone', 'is_platform_admin'] as const;

/** Writes the changed fields to the audit log. A change of status determines the action. Without changes no entry is written. */
function auditChanges({ audit, skipAudit }: Scope, before: UserRow, after: UserRow) {
  const changed = auditedFields.filter((field) => before[field] !== after[field]);
  if (changed.length === 0) return skipAudit();
  const of = (row: UserRow) => Object.fromEntries(changed.map((field) => [field, row[field]]));
  const turned = after.status === 'active' ? 'user.activate' : 'user.suspend';
  audit({ accountId: null, before: of(before), after: of(after), ...(before.status !== after.status && { action: turned }) });
}
