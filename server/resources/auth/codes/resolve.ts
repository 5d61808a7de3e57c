import type { FlowCode, FlowCodeRequest, Identity, NextStep } from '../../../../contract/auth.ts';
import { countAttempt } from '../../../http/pipeline/attemptLimits.ts';
import type { RequestScope } from '../../../http/scope.ts';
import { sha256 } from '../../../platform/crypto/ids.ts';
import { failWith, invalidField } from '../../../platform/failure.ts';
import { loginKeyOf } from '../../../platform/identity/identity.ts';
import { limiterKeyOf } from '../../../platform/limiterKey.ts';
import { rateLimitAddress } from '../../../platform/network/clientAddress.ts';
import { checkCaptcha } from '../captcha.ts';
import { fieldRules, readEmailKey, readIdentity } from '../fields.ts';
import { type CredentialRow, selectCredential, selectCredentialByUserId } from '../queries.ts';
import type { SignedIn } from '../sessions/sessions.ts';
import { registrationMode } from '../settings.ts';
import { issueFlowToken, readFlowToken } from './flowTokens.ts';
import { countCodeRequest, mailCode, requireMail, signInByCode } from './loginCodes.ts';

/** Whether a user has this login or email address. */
export async function checkLogin(scope: RequestScope, login: string): Promise<boolean> {
  const identity = readTyped('/login', login);
  await countLookup(scope, 'check');
  return Boolean(await scope.db.row(selectCredential, { loginKey: loginKeyOf(identity), emailKey: readEmailKey(identity) ?? null }));
}

/** Returns the next step of a sign-in for a login or an email address. */
export async function resolveIdentity(scope: RequestScope, typed: Identity): Promise<NextStep> {
  const identity = readTyped('/identity', typed.identity);
  const isAddress = identity.includes('@');
  const emailKey = readEmailKey(identity);
  if (isAddress && emailKey === undefined) throw invalidField('/identity', ...fieldRules.email);
  await checkCaptcha(scope, typed.cf_turnstile_token);
  await countLookup(scope, 'resolve');
  const key = loginKeyOf(identity);
  const known = await scope.db.row(selectCredential, { loginKey: key, emailKey: emailKey ?? null });
  scope.audit({ accountId: null, actorId: null, targetId: sha256(key) });
  const prefill = isAddress ? { email: identity } : { login: identity };
  if (!known) {
    const mode = await registrationMode(scope.db);
    return { next_step: 'register', otp_available: false, invite_required: mode !== 'open', prefill };
  }
  const { email, email_key: ownKey, user_id: userId } = known;
  return {
    next_step: 'password',
    flow_token: issueFlowToken(scope.app.keys, userId),
    ...(email !== null && { masked_email: maskEmail(email) }),
    otp_available: ownKey !== null,
    invite_required: false,
    prefill,
  };
}

export async function sendFlowCode(scope: RequestScope, { flow_token: token, cf_turnstile_token: captcha }: FlowCodeRequest) {
  await checkCaptcha(scope, captcha);
  const known = await userOfFlowToken(scope, token);
  if (known.email === null || known.email_key === null)
    throw failWith('conflict', 'otp_unavailable', 'This user has no address to mail a code to.');
  await requireMail(scope);
  await mailCode(scope, known, await countCodeRequest(scope, known.email_key, known.user_id));
}

export async function verifyFlowCode(scope: RequestScope, { flow_token: token, ...typed }: FlowCode): Promise<SignedIn> {
  const known = await userOfFlowToken(scope, token);
  return signInByCode(scope, known.email_key ?? known.user_id, typed, async () => known);
}

async function userOfFlowToken({ app, db }: RequestScope, token: string): Promise<CredentialRow> {
  const userId = readFlowToken(app.keys, token);
  const known = userId && (await db.row(selectCredentialByUserId, { userId }));
  if (!known) throw failWith('unauthenticated', 'flow_token_invalid', 'Begin again: this sign-in is over.');
  return known;
}

function readTyped(path: string, text: string): string {
  const identity = readIdentity(text);
  if (identity === undefined) throw invalidField(path, ...fieldRules.identity);
  return identity;
}

const countLookup = ({ db, client }: RequestScope, kind: 'check' | 'resolve') =>
  countAttempt(db, [{ bucket: limiterKeyOf(kind, rateLimitAddress(client.ip)), max: 30, seconds: 60, reason: 'lookup_rate_limited' }]);

/** `alice@test.com` becomes `a***e@test.com`, which is enough for the owner to recognize it. */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf('@');
  const local = [...email.slice(0, at)];
  return `${local[0]}***${local.length > 2 ? local.at(-1) : ''}${email.slice(at)}`;
}
