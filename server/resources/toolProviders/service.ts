import type { ProviderScope } from '../../../contract/llmProviders.ts';
import { inconsistentValues } from '../../../contract/shared/fields.ts';
import { type ToolCredential, toolProviderFacts, type ToolProviderName } from '../../../contract/toolProviders.ts';
import type { Scope } from '../../http/scope.ts';
import { seal } from '../../platform/crypto/seal.ts';
import { invalidField, notFound } from '../../platform/failure.ts';
import { OutboundDenied } from '../../platform/outbound/outbound.ts';
import { lockCredential } from '../auth/sessions/lockSession.ts';
import { ownerOf } from '../llmProviders/owner.ts';
import { requireSecretForMove } from '../llmProviders/secretOfUrl.ts';
import { readInternalBaseUrl } from '../llmProviders/validation.ts';
import { encryptionContext, mayBeInternal, toolProviderOf } from './catalog.ts';
import * as queries from './queries.ts';

export type ProviderReference = { group: string; provider: string; scope: ProviderScope };
type Target = { name: ToolProviderName; owner: string | null; scope: ProviderScope };

export const listProviders = ({ db, accountId }: Scope, wanted: ProviderScope): Promise<queries.ToolProviderRow[]> =>
  db.rows(queries.selectProviders, { owner: ownerOf(accountId, wanted) });

/** Activates a backend and deactivates the others of its group. Throws 404 for an unknown backend. */
export async function activateProvider(scope: Scope, named: ProviderReference): Promise<void> {
  const target = targetOf(scope, named);
  const { name, owner } = target;
  const { group } = toolProviderFacts[name];
  await lockCredential(scope);
  await scope.tx.rows(queries.lockGroup, { owner, group });
  await scope.tx.run(queries.deactivateOthers, { owner, group, name });
  await scope.tx.run(queries.activate, { owner, group, name });
  recordChange(scope, target);
}

/** Deactivates a backend; no other takes its place. Throws 404 for an unknown backend. */
export async function deactivateProvider(scope: Scope, named: ProviderReference): Promise<void> {
  const target = targetOf(scope, named);
  await scope.tx.run(queries.deactivate, { owner: target.owner, name: target.name });
  recordChange(scope, target);
}

/** Blank fields stay unchanged, but another base URL needs the key again if one is stored. Throws 404 for an unknown backend, 400 for a URL that is not allowed. */
export async function setCredential(
  scope: Scope,
  named: ProviderReference,
  { api_key: key, base_url: url }: ToolCredential,
): Promise<void> {
  const target = targetOf(scope, named);
  const { name, owner } = target;
  if (url === '' && toolProviderFacts[name].needsUrl) throw invalidField('/base_url', 'must not be blank', inconsistentValues.reason);
  if (!key && !url) return scope.skipAudit();
  const { group } = toolProviderFacts[name];
  const baseUrl = url ? checkedBaseUrl(scope, target, url) : null;
  await lockCredential(scope);
  await scope.tx.rows(queries.lockGroup, { owner, group });
  if (baseUrl !== null && !key) await requireKeyForMove(scope, target, baseUrl);
  await scope.tx.run(queries.upsertCredential, {
    owner,
    group,
    name,
    keyPrefix: key ? maskOf(key) : null,
    sealedKey: key ? seal(scope.app.keys.encryptionKeys, key, encryptionContext(name, owner)) : null,
    baseUrl,
  });
  recordChange(scope, target, { fields: [...(key ? ['api_key'] : []), ...(url ? ['base_url'] : [])] });
}

/** Run it while holding the lock of the group. */
async function requireKeyForMove({ tx }: Scope, { owner, name }: Target, baseUrl: string) {
  const stored = (await tx.rows(queries.selectProviders, { owner })).find(({ provider_name: each }) => each === name);
  if (stored && stored.key_prefix !== null) requireSecretForMove('/api_key', { from: { url: stored.base_url }, to: { url: baseUrl } });
}

/** Throws 404 for an unknown backend. */
export async function clearCredential(scope: Scope, named: ProviderReference): Promise<void> {
  const target = targetOf(scope, named);
  await scope.tx.run(queries.clearKey, { owner: target.owner, name: target.name });
  recordChange(scope, target);
}

function targetOf({ accountId }: Scope, { group, provider, scope }: ProviderReference): Target {
  const name = toolProviderOf(group, provider);
  if (!name) throw notFound();
  return { name, owner: ownerOf(accountId, scope), scope };
}

/** Writes the audit entry and invalidates caches. */
function recordChange(scope: Scope, { name, owner, scope: ofScope }: Target, metadata: Record<string, unknown> = {}) {
  scope.audit({ accountId: owner, targetId: `${name}:${ofScope}`, metadata });
  scope.afterCommit(() => scope.app.cacheInvalidation.invalidate('tool_providers', owner ?? 'platform'));
}

/**
 * The platform may use internal addresses for backends that it runs itself. A URL of an account must be public; DNS is not resolved here.
 */
function checkedBaseUrl({ app }: Scope, { name, owner }: Target, text: string) {
  const url = readInternalBaseUrl(app.outbound, text);
  if (owner === null && mayBeInternal(name)) return url;
  try {
    app.outbound.check(text, 'https');
    return url;
  } catch (error) {
    throw error instanceof OutboundDenied ? invalidField('/base_url', error.message, error.reason) : error;
  }
}

/** Masks a key, counted in code points. */
function maskOf(key: string) {
  const points = [...key];
  return points.length < 12 ? `${points.slice(0, 2).join('')}****` : `${points.slice(0, 5).join('')}****${points.slice(-4).join('')}`;
}
