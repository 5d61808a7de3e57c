import type { ProviderAnswer, ProviderRedirect, ProviderSignInRequest } from '../../../contract/identities.ts';
import { type AttemptLimit, countAttempt } from '../../http/pipeline/attemptLimits.ts';
import type { RequestScope } from '../../http/scope.ts';
import { newToken } from '../../platform/crypto/ids.ts';
import { Failure, failWith } from '../../platform/failure.ts';
import { emailKeyOf } from '../../platform/identity/identity.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { rateLimitAddress } from '../../platform/network/clientAddress.ts';
import { maskEmail } from '../auth/codes/resolve.ts';
import { type CredentialRow, selectCredentialByEmail, selectCredentialByUserId } from '../auth/queries.ts';
import type { SignedIn } from '../auth/sessions/sessions.ts';
import { requireUsableUser, signIn } from '../auth/signIn.ts';
import { selectEnabledProviders } from '../identityProviders/queries.ts';
import { type PendingLink, sealContents } from './flowContents.ts';
import {
  type Completed,
  completeFlow,
  flowLifeSeconds,
  invalidState,
  lockProviderOf,
  requireProvider,
  startFlow,
  takeFlow,
} from './flows.ts';
import { linkKeyOf } from './linkTokens.ts';
import * as queries from './queries.ts';
import { registerPerson } from './registerPerson.ts';

export const listSignInProviders = ({ db }: RequestScope) => db.rows(selectEnabledProviders);

const startLimit = ({ client }: RequestScope): AttemptLimit => ({
  bucket: limiterKeyOf('provider-sign-in', rateLimitAddress(client.ip)),
  max: 100,
  seconds: 900,
  reason: 'login_rate_limited',
});

/** `browser` is the value of the cookie that binds the sign-in to the browser. */
export async function startProviderSignIn(
  scope: RequestScope,
  providerId: string,
  browser: string,
  wishes: ProviderSignInRequest,
  origin: string | undefined,
): Promise<ProviderRedirect> {
  await countAttempt(scope.db, [startLimit(scope)]);
  const provider = await requireProvider(scope, providerId);
  return startFlow(scope, provider, { purpose: 'sign_in', holder: browser, userId: null }, wishes, origin);
}

/**
 * Signs in the user of an identity, or registers one. Never finds a user by address alone: for a user with the verified address it throws 401
 * `identity_link_required`.
 */
export async function completeProviderSignIn(
  scope: RequestScope,
  providerId: string,
  browser: string | undefined,
  answer: ProviderAnswer,
): Promise<SignedIn & { returnTo: string | null }> {
  await requireProvider(scope, providerId);
  if (browser === undefined) throw invalidState();
  // Not audited, unlike what follows: anybody can send any number of unknown states, but the starts of sign-ins are limited.
  const taken = await takeFlow(scope, { purpose: 'sign_in', holder: browser, userId: null }, answer.state, providerId);
  try {
    const completed = await completeFlow(scope, taken, answer);
    const signedIn = await signInPerson(scope, completed);
    return { ...signedIn, returnTo: completed.flow.return_to };
  } catch (error) {
    if (error instanceof Failure && error.details.reason !== 'second_factor_required') auditFailure(scope, providerId, error);
    throw error;
  }
}

function auditFailure(scope: RequestScope, providerId: string, { details: { reason } }: Failure) {
  const metadata = { result: 'failed', method: 'oidc', reason };
  scope.audit({ accountId: null, actorId: null, targetType: 'identity_provider', targetId: providerId, metadata });
}

async function signInPerson(scope: RequestScope, completed: Completed): Promise<SignedIn> {
  const { db } = scope;
  const { provider, person } = completed;
  const { issuer } = provider;
  const identity = await db.row(queries.selectBySubject, { issuer, subject: person.subject });
  const linked = identity && (await db.row(selectCredentialByUserId, { userId: identity.user_id }));
  if (identity && linked) {
    await requireUsableUser(scope, linked);
    const useIt = async () => {
      await lockProviderOf(scope, provider);
      const { id, user_id: userId } = identity;
      const used = await scope.tx.row(queries.markIdentityUsed, { id, userId, email: person.email ?? null });
      if (!used) throw invalidState();
    };
    return signIn(scope, linked, 'oidc', useIt, { identity_provider_id: provider.id });
  }
  const email = person.email === undefined ? undefined : emailKeyOf(person.email);
  if (email === undefined)
    throw failWith('forbidden', 'identity_email_unverified', 'The identity provider gives no verified email address for you.');
  const owner = await db.row(selectCredentialByEmail, { emailKey: email });
  if (owner) return requireLink(scope, completed, owner);
  if (!provider.registers_users)
    throw failWith('forbidden', 'identity_not_linked', 'No user has linked this identity, and the provider registers nobody.');
  const registered = await registerPerson(scope, completed);
  return signIn(scope, registered, 'oidc', undefined, { identity_provider_id: provider.id, registered: true });
}

/** The user with the address must sign in in another way, because the provider could claim any address. */
async function requireLink({ app, db }: RequestScope, { provider, person }: Completed, owner: CredentialRow): Promise<never> {
  const token = newToken();
  const keyHash = linkKeyOf(token);
  const { id: providerId, issuer, revision } = provider;
  const link: PendingLink = { revision, issuer, subject: person.subject, email: person.email ?? null };
  await db.row(queries.insertFlow, {
    keyHash,
    purpose: 'confirm',
    providerId,
    userId: owner.user_id,
    contentsSealed: sealContents(app.keys.encryptionKeys, keyHash, link),
    lifeSeconds: flowLifeSeconds,
  });
  throw failWith(
    'unauthenticated',
    'identity_link_required',
    'A user has this email address. Sign in in another way to link the identity.',
    {
      link_token: token,
      expires_in: flowLifeSeconds,
      ...(owner.email !== null && { masked_email: maskEmail(owner.email) }),
    },
  );
}
