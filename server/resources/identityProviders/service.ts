import type { IdentityProviderChanges, NewIdentityProvider } from '../../../contract/identityProviders.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { seal } from '../../platform/crypto/seal.ts';
import { failWith, invalidField, notFound } from '../../platform/failure.ts';
import { type OutboundClient, OutboundDenied } from '../../platform/outbound/outbound.ts';
import { lockAdminSession } from '../auth/sessions/lockSession.ts';
import { verifyIssuer } from '../identities/provider.ts';
import { onUniqueViolation } from '../llmProviders/uniqueViolation.ts';
import { readDomains } from './domains.ts';
import type { IdentityProviderRow, ProviderProperties } from './queries.ts';
import * as queries from './queries.ts';
import { secretContext } from './secrets.ts';
import { viewIdentityProvider } from './view.ts';

export async function findIdentityProvider({ db }: Scope, id: string): Promise<IdentityProviderRow> {
  const row = await db.row(queries.selectProvider, { id });
  if (!row) throw notFound();
  return row;
}

/** Newest first. */
export const listIdentityProviders = ({ app, db }: Scope, page: PageQuery) =>
  app.cursors.fetchPage(
    page,
    ['identity providers'],
    (key) => db.rows(queries.selectProviders, key),
    (row) => [row.created_at, row.id],
  );

/** Throws 400 for an issuer that may not be requested or whose metadata cannot be used, 409 `issuer_taken`. */
export async function createIdentityProvider(scope: Scope, input: NewIdentityProvider): Promise<IdentityProviderRow> {
  const { tx, actor } = scope;
  const id = newId();
  const properties = propertiesOf(scope, id, input);
  if (input.verify) await verifyProvider(scope, properties);
  await lockAdminSession(tx, actor);
  const row = await tx.row(queries.insertProvider, { id, ...properties });
  if (!row) throw issuerTaken();
  scope.audit({ accountId: null, after: auditedOf(row) });
  return row;
}

const issuerTaken = () => failWith('conflict', 'issuer_taken', 'Another provider has this issuer.');

/** The issuer is read before the transaction begins. */
async function verifyProvider({ app }: Scope, { issuer, internalNetwork, enabled }: ProviderProperties): Promise<void> {
  if (enabled) await verifyIssuer(app, { issuer, internal_network: internalNetwork });
}

/** Throws 400 for an issuer that may not be requested, whose metadata cannot be used, or without a new secret, 409 `issuer_taken`. */
export async function updateIdentityProvider(
  scope: Scope,
  known: IdentityProviderRow,
  changes: IdentityProviderChanges,
): Promise<IdentityProviderRow> {
  const { tx, actor } = scope;
  const { id } = known;
  if (changes.verify && concernsIssuer(changes, known)) await verifyProvider(scope, propertiesOf(scope, id, changes, known));
  await lockAdminSession(tx, actor);
  const before = await tx.row(queries.lockProvider, { id });
  if (!before) throw notFound();
  const properties = propertiesOf(scope, id, changes, before);
  // The secret must not be sent to a server that it was not entered for.
  if (properties.issuer !== before.issuer && before.client_secret_sealed !== null && changes.client_secret === undefined)
    throw invalidField('/client_secret', 'is needed again for another issuer', 'client_secret_required');
  const after = (await tx.row(queries.updateProvider, { id, ...properties }).catch(onUniqueViolation(issuerTaken)))!;
  scope.audit({
    accountId: null,
    before: auditedOf(before),
    after: auditedOf(after),
    metadata: { client_secret_changed: changes.client_secret !== undefined },
  });
  return after;
}

/** Whether a change makes another server the provider, or turns it on. */
const concernsIssuer = (changes: IdentityProviderChanges, { issuer, internal_network: internal, enabled }: IdentityProviderRow) =>
  (changes.issuer ?? issuer) !== issuer || (changes.internal_network ?? internal) !== internal || (changes.enabled === true && !enabled);

export async function deleteIdentityProvider(scope: Scope, provider: IdentityProviderRow): Promise<void> {
  await lockAdminSession(scope.tx, scope.actor);
  if ((await scope.tx.run(queries.deleteProvider, { id: provider.id })) === 0) throw notFound();
  scope.audit({ accountId: null, before: auditedOf(provider) });
}

/** The new properties of a provider: those of the input, else the current ones. */
function propertiesOf({ app }: Scope, id: string, input: IdentityProviderChanges, current?: IdentityProviderRow): ProviderProperties {
  const { client_secret: secret, allowed_email_domains: domains } = input;
  const issuer = input.issuer ?? current!.issuer;
  const internalNetwork = input.internal_network ?? current!.internal_network;
  if (input.issuer !== undefined || input.internal_network !== undefined) checkIssuer(app.outbound, issuer, internalNetwork);
  return {
    name: input.name ?? current!.name,
    issuer,
    clientId: input.client_id ?? current!.client_id,
    clientSecretSealed:
      secret === undefined
        ? (current?.client_secret_sealed ?? null)
        : secret === null
          ? null
          : seal(app.keys.encryptionKeys, secret, secretContext({ id })),
    scopes: input.scopes ? [...new Set(['openid', ...input.scopes])] : current!.scopes,
    allowedEmailDomains: domains ? readDomains(domains) : current!.allowed_email_domains,
    registersUsers: input.registers_users ?? current!.registers_users,
    internalNetwork,
    enabled: input.enabled ?? current!.enabled,
  };
}

function checkIssuer(outbound: OutboundClient, issuer: string, internal: boolean): void {
  try {
    outbound.check(issuer, internal ? 'internal' : 'https');
  } catch (error) {
    if (error instanceof OutboundDenied) throw invalidField('/issuer', error.message, error.reason);
    throw error;
  }
  if (issuer.includes('?')) throw invalidField('/issuer', 'The URL must not contain a query.', 'query_denied');
}

function auditedOf(row: IdentityProviderRow) {
  const { id: _id, created_at: _created, updated_at: _updated, ...properties } = viewIdentityProvider(row);
  return properties;
}
