import type { ProviderAnswer } from '../../../contract/identities.ts';
import { frontEndOf } from '../../http/access/frontEnd.ts';
import type { RequestScope } from '../../http/scope.ts';
import { newToken, sha256 } from '../../platform/crypto/ids.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import { emailKeyOf } from '../../platform/identity/identity.ts';
import { isOfDomain } from '../identityProviders/domains.ts';
import { type IdentityProviderRow, lockForSignIn, selectProvider } from '../identityProviders/queries.ts';
import { type PendingFlow, sealContents, unsealFlow } from './flowContents.ts';
import { completeAtProvider, type Person, startAtProvider } from './provider.ts';
import * as queries from './queries.ts';

/** How long a person may take at the provider, in seconds. */
export const flowLifeSeconds = 600;

/** Who started a flow: a browser, by a cookie, or a user, by their session. `holder` is only known to it. */
export type FlowOwner = { purpose: 'sign_in'; holder: string; userId: null } | { purpose: 'link'; holder: string; userId: string };

const keyOf = ({ purpose, holder }: FlowOwner, state: string) => sha256(`${purpose} ${holder} ${state}`);

/** Throws 404, or 403 `identity_provider_disabled`. */
export async function requireProvider({ db }: RequestScope, id: string): Promise<IdentityProviderRow> {
  const provider = await db.row(selectProvider, { id });
  if (!provider) throw notFound();
  if (!provider.enabled) throw providerDisabled();
  return provider;
}

const providerDisabled = () => failWith('forbidden', 'identity_provider_disabled', 'This identity provider is disabled.');

type Wishes = { return_to?: string | null | undefined; invite_code?: string | null | undefined };

/** Throws 502 `identity_provider_unavailable`. `origin` is that of the front end, if a browser sends the request. */
export async function startFlow(
  { app, db }: RequestScope,
  provider: IdentityProviderRow,
  owner: FlowOwner,
  { return_to = null, invite_code = null }: Wishes,
  origin: string | undefined,
) {
  const state = newToken();
  // A redirect URI of its own for each provider: the answer of one is not accepted as that of another (RFC 9700, 2.1).
  const redirect_uri = `${await frontEndOf(app, origin)}/oauth/sign-in/${provider.id}`;
  const { authorizationUrl, ...secrets } = await startAtProvider(app, provider, redirect_uri, state);
  const keyHash = keyOf(owner, state);
  const flow: PendingFlow = { revision: provider.revision, redirect_uri, return_to, invite_code, ...secrets };
  const kept = await db.row(queries.insertFlow, {
    keyHash,
    purpose: owner.purpose,
    providerId: provider.id,
    userId: owner.userId,
    contentsSealed: sealContents(app.keys.encryptionKeys, keyHash, flow),
    lifeSeconds: flowLifeSeconds,
  });
  return { authorization_url: authorizationUrl, expires_at: kept!.expires_at };
}

type TakenFlow = { providerId: string; flow: PendingFlow };

/**
 * Uses up a state. Throws 400 `invalid_state`. `providerId` is that of the callback address, if it is known. Outside the transaction, so that a failed
 * attempt uses it up too.
 */
export async function takeFlow({ app, db }: RequestScope, owner: FlowOwner, state: string, providerId?: string): Promise<TakenFlow> {
  const keyHash = keyOf(owner, state);
  const taken = await db.row(queries.takeFlow, { keyHash, purpose: owner.purpose, userId: owner.userId });
  if (!taken || (providerId !== undefined && taken.provider_id !== providerId)) throw invalidState();
  return { providerId: taken.provider_id, flow: unsealFlow(app.keys.encryptionKeys, keyHash, taken.contents_sealed) };
}

export type Completed = { provider: IdentityProviderRow; flow: PendingFlow; person: Person };

/**
 * Verifies the answer of a provider. Throws 400 `invalid_state`, 403 `identity_provider_disabled` or `email_domain_not_allowed`, 401
 * `identity_rejected`, 502 `identity_provider_unavailable`.
 */
export async function completeFlow(scope: RequestScope, { providerId, flow }: TakenFlow, answer: ProviderAnswer): Promise<Completed> {
  const provider = await requireProvider(scope, providerId);
  if (provider.revision !== flow.revision) throw invalidState();
  const person = await completeAtProvider(scope.app, provider, flow, answer);
  requireDomain(provider, person);
  return { provider, flow, person };
}

function requireDomain({ allowed_email_domains: domains }: IdentityProviderRow, { email }: Person): void {
  if (domains.length === 0) return;
  const key = email === undefined ? undefined : emailKeyOf(email);
  if (!key || !isOfDomain(key, domains))
    throw failWith('forbidden', 'email_domain_not_allowed', 'This provider is only for verified email addresses of certain domains.');
}

/** The provider stays enabled and unchanged until the commit, or the sign-in fails. */
export async function lockProviderOf({ tx }: RequestScope, { id, revision }: { id: string; revision: number }): Promise<void> {
  if (!(await tx.row(lockForSignIn, { id, revision }))) throw providerDisabled();
}

export const invalidState = () =>
  failWith(
    'invalid',
    'invalid_state',
    'This sign-in is not known, has expired, was completed before, or was started elsewhere. Begin again.',
  );
