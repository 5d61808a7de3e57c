import type { NewUser } from '../../../contract/auth.ts';
import { type AttemptLimit, countAttempt } from '../../http/pipeline/attemptLimits.ts';
import type { RequestScope } from '../../http/scope.ts';
import { newId, sha256 } from '../../platform/crypto/ids.ts';
import { failWith, invalidField } from '../../platform/failure.ts';
import { loginKeyOf } from '../../platform/identity/identity.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { rateLimitAddress } from '../../platform/network/clientAddress.ts';
import { createUser } from '../accounts/createUser.ts';
import { consumeInviteCode } from '../inviteCodes/service.ts';
import { recordReferral } from '../referrals/record.ts';
import { checkCaptcha } from './captcha.ts';
import { mailVerification } from './codes/verification.ts';
import { readInviteCode } from './fields.ts';
import { parseNewUser, prepareNewUser } from './newUserInput.ts';
import { openSession, type SignedIn } from './sessions/sessions.ts';
import { registrationMode } from './settings.ts';

export type Registered = SignedIn & { userId: string; warning: string | null };

export async function register(
  scope: RequestScope,
  { invite_code: typedCode, cf_turnstile_token: token, ...typed }: NewUser,
): Promise<Registered> {
  const { db, tx } = scope;
  const person = parseNewUser(typed);
  const code = readInviteCode(typedCode);
  await checkCaptcha(scope, token);
  const mode = await registrationMode(db);
  if (mode === 'disabled') throw failWith('forbidden', 'registration_disabled', 'Nobody can register at the moment.');
  if (mode === 'invite_only' && code === undefined) throw invalidField('/invite_code', 'is needed to register', 'invite_code_required');
  await countRegistration(scope);
  const prepared = await prepareNewUser(db, scope.app.passwords, person);

  const userId = newId();
  const accountId = await createUser(tx, { ...prepared, userId });
  scope.audit({ accountId, actorId: userId, targetId: userId, metadata: { login_hash: sha256(loginKeyOf(person.login)) } });
  const warnings = [
    code !== undefined && (await applyInviteCode(scope, { mode, code, userId, accountId })),
    prepared.email !== null && (await mailVerificationOrWarn(scope, { ...prepared, userId, email: prepared.email.text })),
  ];
  const signedIn = await openSession(scope, { userId, accountId, role: 'admin' });
  return { ...signedIn, userId, warning: warnings.filter(Boolean).join('; ') || null };
}

/** Mails the verification link. Returns a warning if that fails. */
async function mailVerificationOrWarn(scope: RequestScope, person: { userId: string; email: string; locale: string | null }) {
  const outcome = await mailVerification(scope, person);
  return (outcome === 'failed' || typeof outcome === 'object') && 'The mail that verifies your address could not be sent';
}

export type InviteCodeUse = { mode: 'open' | 'invite_only'; code: string; userId: string; accountId: string };

/** Uses an invite code. If no code is required, an invalid one gives a warning instead of an error. */
export async function applyInviteCode(scope: RequestScope, { mode, code, ...invitee }: InviteCodeUse): Promise<string | undefined> {
  const by = await consumeInviteCode(scope.tx, code);
  if (by) return void (await recordReferral(scope, { ...invitee, by }));
  if (mode === 'invite_only') throw invalidField('/invite_code', 'is not valid', 'invite_code_invalid');
  return 'The invite code was not used: it is not valid';
}

export async function countRegistration({ app, client, db }: RequestScope) {
  const max = app.config.authRegistrationsPerIpHour;
  const bucket = limiterKeyOf('registration', rateLimitAddress(client.ip));
  const limit: AttemptLimit = { bucket, max, seconds: 3_600, reason: 'registration_rate_limited' };
  if (max > 0) await countAttempt(db, [limit]);
}
