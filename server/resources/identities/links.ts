import type { IdentityLinkStart, ProviderAnswer, ProviderRedirect } from '../../../contract/identities.ts';
import { type AttemptLimit, countAttempt } from '../../http/pipeline/attemptLimits.ts';
import type { RequestScope, Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith, invalidField, notFound } from '../../platform/failure.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { requirePassword } from '../auth/changePassword.ts';
import { auditInOwnAccount, ownAccountOf } from '../auth/ownAccount.ts';
import { lockActiveUser } from '../auth/queries.ts';
import { lockSession } from '../auth/sessions/lockSession.ts';
import { userSuspended } from '../auth/signIn.ts';
import { requireWayToSignIn } from '../auth/waysToSignIn.ts';
import { notifyUsers } from '../notifications/service.ts';
import { unsealLink } from './flowContents.ts';
import { completeFlow, type FlowOwner, lockProviderOf, requireProvider, startFlow, takeFlow } from './flows.ts';
import { linkKeyOf } from './linkTokens.ts';
import type { IdentityRow } from './queries.ts';
import * as queries from './queries.ts';

export const listIdentities = ({ db, actor: { userId } }: Scope) => db.rows(queries.selectIdentities, { userId });

export async function findIdentity({ db, actor: { userId } }: Scope, id: string): Promise<IdentityRow> {
  const row = await db.row(queries.selectIdentity, { userId, id });
  if (!row) throw notFound();
  return row;
}

const maxIdentities = 20;

const linkLimit = (userId: string): AttemptLimit => ({
  bucket: limiterKeyOf('identity-link', userId),
  max: 20,
  seconds: 600,
  reason: 'login_rate_limited',
});

/** A new way to sign in needs the password, so that a stolen token does not become one. */
export async function startLink(scope: Scope, input: IdentityLinkStart, origin: string | undefined): Promise<ProviderRedirect> {
  const { userId } = scope.actor;
  await requirePassword(scope, input.current_password);
  await countAttempt(scope.db, [linkLimit(userId)]);
  const provider = await requireProvider(scope, input.identity_provider_id);
  await auditInOwnAccount(scope, userId, { metadata: { identity_provider_id: provider.id } });
  return startFlow(scope, provider, ownerOf(scope), {}, origin);
}

const ownerOf = ({ actor: { userId, sessionId } }: Scope): FlowOwner => ({ purpose: 'link', holder: sessionId ?? '', userId });

/** Throws 409 `identity_taken`, 409 `identity_limit_reached`, and as `completeFlow`. */
export async function completeLink(scope: Scope, answer: ProviderAnswer): Promise<IdentityRow> {
  const { provider, person } = await completeFlow(scope, await takeFlow(scope, ownerOf(scope), answer.state), answer);
  return addIdentity(scope, provider, { issuer: provider.issuer, subject: person.subject, email: person.email ?? null });
}

/**
 * Links the identity of a sign-in that found the address of the caller. The session must be newer than that sign-in: the caller has just proved
 * who they are. Throws 400 `link_token_invalid`, 409 `identity_taken`, 409 `identity_limit_reached`.
 */
export async function confirmLink(scope: Scope, token: string): Promise<IdentityRow> {
  const { app, db, actor } = scope;
  const { userId, sessionId = null } = actor;
  const keyHash = linkKeyOf(token);
  const taken = await db.row(queries.takeFlow, { keyHash, purpose: 'confirm', userId });
  if (!taken || !(await db.row(queries.selectSessionSince, { sessionId, since: taken.created_at })))
    throw invalidField('/link_token', 'is not valid, or this session is older', 'link_token_invalid');
  const { revision, ...identity } = unsealLink(app.keys.encryptionKeys, keyHash, taken.contents_sealed);
  return addIdentity(scope, { id: taken.provider_id, revision }, identity);
}

type NewIdentity = { issuer: string; subject: string; email: string | null };

async function addIdentity(scope: Scope, provider: { id: string; revision: number }, identity: NewIdentity): Promise<IdentityRow> {
  const { tx, actor } = scope;
  const { userId } = actor;
  // In the order of a sign-in.
  if (!(await tx.row(lockActiveUser, { userId }))) throw userSuspended();
  await lockSession(tx, actor);
  await lockProviderOf(scope, provider);
  if ((await tx.row(queries.countIdentities, { userId }))!.count >= maxIdentities)
    throw failWith('conflict', 'identity_limit_reached', `You have ${maxIdentities} linked identities. Unlink one first.`);
  const id = await linkIdentity(scope, userId, identity);
  await notify(scope, 'linked', identity);
  await auditInOwnAccount(scope, id, { metadata: { identity_provider_id: provider.id, issuer: identity.issuer } });
  return (await tx.row(queries.selectIdentity, { userId, id }))!;
}

/** Throws 409 `identity_taken`. */
export async function linkIdentity({ tx }: RequestScope, userId: string, identity: NewIdentity): Promise<string> {
  const linked = await tx.row(queries.insertIdentity, { id: newId(), userId, ...identity });
  if (!linked) throw failWith('conflict', 'identity_taken', 'This identity is already linked to a user.');
  return linked.id;
}

/** Throws 409 `last_sign_in_method`. */
export async function unlinkIdentity(scope: Scope, { id, issuer, email }: IdentityRow): Promise<void> {
  const { tx, actor } = scope;
  const { userId } = actor;
  if (!(await tx.row(lockActiveUser, { userId }))) throw userSuspended();
  await lockSession(tx, actor);
  if ((await tx.run(queries.deleteIdentity, { userId, id })) === 0) throw notFound();
  await requireWayToSignIn(scope, userId);
  await notify(scope, 'unlinked', { issuer, email });
  await auditInOwnAccount(scope, id, { metadata: { issuer } });
}

const notices = {
  linked: {
    type: 'user.identity_linked',
    title: 'An identity was linked',
    body: 'It signs you in without your password. If this was not you, unlink it, change your password and end your other sessions.',
  },
  unlinked: {
    type: 'user.identity_unlinked',
    title: 'An identity was unlinked',
    body: 'It no longer signs you in. If this was not you, change your password and end your other sessions.',
  },
} as const;

async function notify(scope: Scope, what: keyof typeof notices, { issuer, email }: Pick<NewIdentity, 'issuer' | 'email'>): Promise<void> {
  const { userId } = scope.actor;
  const accountId = await ownAccountOf(scope, userId);
  await notifyUsers(scope.tx, { accountId, userIds: [userId], ...notices[what], payload: { issuer, email } });
}
