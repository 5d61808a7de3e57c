import type { FlowCode, FlowCodeRequest, Identity, NextStep } from '../../../contract/auth.ts';
import { countAgainst } from '../../http/limits.ts';
import { bucketOf } from '../../kernel/bucket.ts';
import { rateLimitAddress } from '../../kernel/clientAddress.ts';
import { invalidField, refuse } from '../../kernel/failure.ts';
import { loginKeyOf } from '../../kernel/identity.ts';
import { sha256 } from '../../kernel/ids.ts';
import type { RequestScope } from '../../kernel/scope.ts';
import { checkCaptcha } from './captcha.ts';
import { countSend, demandMail, enterByCode, mailCode } from './codes.ts';
import { expected, readEmailKey, readIdentity } from './fields.ts';
import { issueFlowToken, readFlowToken } from './flowTokens.ts';
import { type CredentialRow, selectById, selectCredential } from './queries.ts';
import type { SignedIn } from './sessions.ts';
import { registrationMode } from './settings.ts';

/** Whether somebody has this login or address. */
export async function checkLogin(scope: RequestScope, login: string): Promise<boolean> {
  const identity = readTyped('/login', login);
  await countLookup(scope, 'check');
  return Boolean(await scope.read.row(selectCredential, [loginKeyOf(identity), readEmailKey(identity) ?? null]));
}

/** What somebody can do next who has typed a login or an address. */
export async function resolveIdentity(scope: RequestScope, typed: Identity): Promise<NextStep> {
  const identity = readTyped('/identity', typed.identity);
  const isAddress = identity.includes('@');
  const emailKey = readEmailKey(identity);
  if (isAddress && emailKey === undefined) throw invalidField('/identity', expected.email);
  await checkCaptcha(scope, typed.cf_turnstile_token);
  await countLookup(scope, 'resolve');
  const key = loginKeyOf(identity);
  const known = await scope.read.row(selectCredential, [key, emailKey ?? null]);
  scope.audit({ accountId: null, actorId: null, targetId: sha256(key) });
  const prefill = isAddress ? { email: identity } : { login: identity };
  if (!known) {
    const mode = await registrationMode(scope.read);
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

/** Mail a code to the user of a flow token. */
export async function sendFlowCode(scope: RequestScope, { flow_token: token, cf_turnstile_token: captcha }: FlowCodeRequest) {
  await checkCaptcha(scope, captcha);
  const known = await userOf(scope, token);
  if (known.email === null || known.email_key === null)
    throw refuse('conflict', 'otp_unavailable', 'This user has no address to mail a code to.');
  await demandMail(scope);
  await mailCode(scope, known, await countSend(scope, known.email_key, known.user_id));
}

/** Sign in the user of a flow token by a code. */
export async function verifyFlowCode(scope: RequestScope, { flow_token: token, otp }: FlowCode): Promise<SignedIn> {
  const known = await userOf(scope, token);
  return enterByCode(scope, known.email_key ?? known.user_id, otp, async () => known);
}

async function userOf({ app, read }: RequestScope, token: string): Promise<CredentialRow> {
  const userId = readFlowToken(app.keys, token);
  const known = userId && (await read.row(selectById, [userId]));
  if (!known) throw refuse('unauthenticated', 'flow_token_invalid', 'Begin again: this sign-in is over.');
  return known;
}

function readTyped(path: string, text: string): string {
  const identity = readIdentity(text);
  if (identity === undefined) throw invalidField(path, expected.identity);
  return identity;
}

const countLookup = ({ read, origin }: RequestScope, kind: 'check' | 'resolve') =>
  countAgainst(read, [{ bucket: bucketOf(kind, rateLimitAddress(origin.ip)), most: 30, seconds: 60, reason: 'lookup_rate_limited' }]);

/** `a***e@test.com`: as much of an address as its owner needs to know it again. */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf('@');
  const local = [...email.slice(0, at)];
  return `${local[0]}***${local.length > 2 ? local.at(-1) : ''}${email.slice(at)}`;
}
