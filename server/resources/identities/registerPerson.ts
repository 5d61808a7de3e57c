import { randomInt } from 'node:crypto';
import type { Queryable } from '../../database/sql.ts';
import type { RequestScope } from '../../http/scope.ts';
import { newId, sha256 } from '../../platform/crypto/ids.ts';
import { failWith, invalidField } from '../../platform/failure.ts';
import { type Email, loginKeyOf } from '../../platform/identity/identity.ts';
import { skeletonOf } from '../../platform/identity/lookalikes.ts';
import { createUser } from '../accounts/createUser.ts';
import { verifyAddress } from '../auth/codes/verifyAddress.ts';
import { readEmail, readInviteCode, readLocale, readLogin } from '../auth/fields.ts';
import { type CredentialRow, selectCredentialByUserId, selectTaken } from '../auth/queries.ts';
import { applyInviteCode, countRegistration } from '../auth/register.ts';
import { registrationMode } from '../auth/settings.ts';
import { type Completed, lockProviderOf } from './flows.ts';
import { linkIdentity } from './links.ts';
import { markIdentityUsed } from './queries.ts';

/**
 * Creates the user of an identity, without a password. Throws 403 `registration_disabled`, 400 for a missing or wrong invite code, 409
 * `email_taken`.
 */
export async function registerPerson(scope: RequestScope, { provider, flow, person }: Completed): Promise<CredentialRow> {
  const { db, tx } = scope;
  const email = readEmail(person.email ?? '');
  if (!email) throw failWith('forbidden', 'identity_email_unverified', 'The identity provider gives no address that can be registered.');
  const code = readInviteCode(flow.invite_code);
  const mode = await registrationMode(db);
  if (mode === 'disabled') throw failWith('forbidden', 'registration_disabled', 'Nobody can register at the moment.');
  if (mode === 'invite_only' && code === undefined) throw invalidField('/invite_code', 'is needed to register', 'invite_code_required');
  await countRegistration(scope);
  const login = await freeLogin(db, email, person.name);
  const userId = newId();
  const accountId = await createUser(tx, { userId, login, email, locale: readLocale(person.locale) ?? null, passwordHash: null });
  scope.audit({
    action: 'user.register',
    accountId,
    actorId: userId,
    targetId: userId,
    metadata: { login_hash: sha256(loginKeyOf(login)), identity_provider_id: provider.id },
  });
  if (code !== undefined) await applyInviteCode(scope, { mode, code, userId, accountId });
  // Administrators who name the domains of a provider vouch for its addresses. Another provider could register the address of somebody else, who
  // gets the user at the first mail (decision 0018).
  await verifyAddress(scope, userId, email.text, { by: 'identity_provider', isProof: provider.allowed_email_domains.length > 0 });
  await lockProviderOf(scope, provider);
  const given = person.email ?? null;
  const id = await linkIdentity(scope, userId, { issuer: provider.issuer, subject: person.subject, email: given });
  await tx.row(markIdentityUsed, { id, userId, email: given });
  return (await tx.row(selectCredentialByUserId, { userId }))!;
}

/** A login from the name at the provider or the address, with digits if it is taken. Throws 409 `email_taken`. */
async function freeLogin(db: Queryable, email: Email, name: string | undefined): Promise<string> {
  const base = nameIn(name ?? '') ?? nameIn(email.text) ?? 'user';
  for (const login of [base, ...[9_999, 9_999, 999_999_999].map((max) => `${base}-${randomInt(max)}`)]) {
    const taken = await db.row(selectTaken, {
      loginKey: loginKeyOf(login),
      loginSkeleton: skeletonOf(login),
      emailKey: email.key,
      emailSkeleton: email.skeleton,
    });
    if (taken?.email) throw failWith('conflict', 'email_taken', 'This email address is taken.');
    if (!taken?.login) return login;
  }
  throw failWith('conflict', 'login_taken', 'No login is free for this name.');
}

/** What stands before the @, if it can be a login. Leaves room for digits. */
const nameIn = (text: string) => readLogin([...(text.split('@')[0] ?? '')].slice(0, 50).join(''));
