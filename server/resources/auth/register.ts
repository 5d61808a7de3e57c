import type { NewUser } from '../../../contract/auth.ts';
import { countAgainst, type Limit } from '../../http/limits.ts';
import { bucketOf } from '../../kernel/bucket.ts';
import { rateLimitAddress } from '../../kernel/clientAddress.ts';
import { invalidField, refuse } from '../../kernel/failure.ts';
import { loginKeyOf } from '../../kernel/identity.ts';
import { newId, sha256 } from '../../kernel/ids.ts';
import type { RequestScope } from '../../kernel/scope.ts';
import { createUser } from '../accounts/newUser.ts';
import { consumeInviteCode } from '../inviteCodes/service.ts';
import { recordReferral } from '../referrals/record.ts';
import { checkCaptcha } from './captcha.ts';
import { readInviteCode } from './fields.ts';
import { preparePerson, readPerson } from './person.ts';
import { openSession, type SignedIn } from './sessions.ts';
import { registrationMode } from './settings.ts';
import { mailVerification } from './verification.ts';

export type Registered = SignedIn & { userId: string; warning: string | null };

/** Create a user with all that belongs to one, and sign in. */
export async function register(
  scope: RequestScope,
  { invite_code: typedCode, cf_turnstile_token: token, ...typed }: NewUser,
): Promise<Registered> {
  const { read, tx } = scope;
  const person = readPerson(typed);
  const code = readInviteCode(typedCode);
  await checkCaptcha(scope, token);
  const mode = await registrationMode(read);
  if (mode === 'disabled') throw refuse('forbidden', 'registration_disabled', 'Nobody can register at the moment.');
  if (mode === 'invite_only' && code === undefined) throw invalidField('/invite_code', 'is needed to register', 'invite_code_required');
  await countRegistration(scope);
  const prepared = await preparePerson(read, scope.app.passwords, person);

  const userId = newId();
  const accountId = await createUser(tx, { ...prepared, userId });
  scope.audit({ accountId, actorId: userId, targetId: userId, metadata: { login_hash: sha256(loginKeyOf(person.login)) } });
  const warnings = [
    code !== undefined && (await useInvitation(scope, { mode, code, userId, accountId })),
    prepared.email !== null && (await notMailed(scope, { ...prepared, userId, email: prepared.email.text })),
  ];
  const signedIn = await openSession(scope, { userId, accountId, role: 'admin' });
  return { ...signedIn, userId, warning: warnings.filter(Boolean).join('; ') || null };
}

/** Mail the link that verifies the address; the warning when that is not possible. */
async function notMailed(scope: RequestScope, person: { userId: string; email: string; locale: string | null }) {
  const outcome = await mailVerification(scope, person);
  return (outcome === 'failed' || typeof outcome === 'object') && 'The mail that verifies your address could not be sent';
}

type Invitation = { mode: 'open' | 'invite_only'; code: string; userId: string; accountId: string };

/** Use an invite code. Where none is needed a bad one is only worth the warning that is the answer. */
async function useInvitation(scope: RequestScope, { mode, code, ...invitee }: Invitation): Promise<string | undefined> {
  const by = await consumeInviteCode(scope.tx, code);
  if (by) return void (await recordReferral(scope, { ...invitee, by }));
  if (mode === 'invite_only') throw invalidField('/invite_code', 'is not valid', 'invite_code_invalid');
  return 'The invite code was not used: it is not valid';
}

async function countRegistration({ app, origin, read }: RequestScope) {
  const most = app.config.authRegistrationsPerIpHour;
  const bucket = bucketOf('registration', rateLimitAddress(origin.ip));
  const limit: Limit = { bucket, most, seconds: 3_600, reason: 'registration_rate_limited' };
  if (most > 0) await countAgainst(read, [limit]);
}
