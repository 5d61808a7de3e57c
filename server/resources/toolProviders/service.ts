import type { ProviderScope } from '../../../contract/llmProviders.ts';
import type { ToolCredential, ToolProviderName } from '../../../contract/toolProviders.ts';
import { invalidField, notFound } from '../../kernel/failure.ts';
import { OutboundDenied } from '../../kernel/outbound.ts';
import type { Scope } from '../../kernel/scope.ts';
import { seal } from '../../kernel/seal.ts';
import { ownerOf } from '../llmProviders/owner.ts';
import { readAnyBaseUrl } from '../llmProviders/rules.ts';
import { sealedFor, toolKinds, toolProviderOf } from './catalog.ts';
import * as queries from './queries.ts';

/** Which back end a request names, and whose. */
export type Named = { group: string; provider: string; scope: ProviderScope };
type Target = { name: ToolProviderName; owner: string | null; scope: ProviderScope };

/** What an owner has set up; null owner is the platform. */
export const listProviders = ({ read, accountId }: Scope, wanted: ProviderScope): Promise<queries.ToolProviderRow[]> =>
  read.rows(queries.selectProviders, [ownerOf(accountId, wanted)]);

/** Let a back end answer for its group, alone. Throws 404 for one that does not exist. */
export async function activateProvider(scope: Scope, named: Named): Promise<void> {
  const target = targetOf(scope, named);
  const { name, owner } = target;
  const { group } = toolKinds[name];
  await scope.tx.rows(queries.lockGroup, [owner, group]);
  await scope.tx.run(queries.deactivateOthers, [owner, group, name]);
  await scope.tx.run(queries.activate, [owner, group, name]);
  finish(scope, target);
}

/** Let a back end no longer answer; no other takes its place. Throws 404 for one that does not exist. */
export async function deactivateProvider(scope: Scope, named: Named): Promise<void> {
  const target = targetOf(scope, named);
  await scope.tx.run(queries.deactivate, [target.owner, target.name]);
  finish(scope, target);
}

/** Set what is given; blank counts as left out. Throws 404, and 400 for an address that is not allowed. */
export async function setCredential(scope: Scope, named: Named, { api_key: key, base_url: url }: ToolCredential): Promise<void> {
  const target = targetOf(scope, named);
  const { name, owner } = target;
  if (url === '' && toolKinds[name].needsUrl) throw invalidField('/base_url', 'must not be blank');
  if (!key && !url) return scope.skipAudit();
  const secret = key ? [maskOf(key), seal(scope.app.keys.encryptionKey, key, sealedFor(name, owner))] : [null, null];
  await scope.tx.run(queries.upsertCredential, [owner, toolKinds[name].group, name, ...secret, url ? addressOf(scope, target, url) : null]);
  finish(scope, target, { fields: [...(key ? ['api_key'] : []), ...(url ? ['base_url'] : [])] });
}

/** Forget the key of a back end. Throws 404 for one that does not exist. */
export async function clearCredential(scope: Scope, named: Named): Promise<void> {
  const target = targetOf(scope, named);
  await scope.tx.run(queries.clearKey, [target.owner, target.name]);
  finish(scope, target);
}

function targetOf({ accountId }: Scope, { group, provider, scope }: Named): Target {
  const name = toolProviderOf(group, provider);
  if (!name) throw notFound();
  return { name, owner: ownerOf(accountId, scope), scope };
}

/** The audit entry, and the word to whoever keeps a copy. */
function finish(scope: Scope, { name, owner, scope: ofScope }: Target, metadata: Record<string, unknown> = {}) {
  scope.audit({ accountId: owner, targetId: `${name}:${ofScope}`, metadata });
  scope.afterCommit(() => scope.app.changes.announce('tool_providers', owner ?? 'platform'));
}

/** Where the platform runs a back end itself, its address may be any; an account's must be public, as far as that can be seen now. */
function addressOf({ app }: Scope, { name, owner }: Target, text: string) {
  const url = readAnyBaseUrl(app.outbound, text);
  if (owner === null && toolKinds[name].mayBeInternal) return url;
  try {
    app.outbound.check(text, 'https');
    return url;
  } catch (error) {
    throw error instanceof OutboundDenied ? invalidField('/base_url', error.message, error.reason) : error;
  }
}

/** What may be shown of a key, by code points. */
function maskOf(key: string) {
  const points = [...key];
  return points.length < 12 ? `${points.slice(0, 2).join('')}****` : `${points.slice(0, 5).join('')}****${points.slice(-4).join('')}`;
}
