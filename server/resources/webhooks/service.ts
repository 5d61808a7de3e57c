import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { NewWebhookEndpoint, SecretRotation, WebhookEndpointChanges } from '../../../contract/webhooks.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { invalidField, notFound } from '../../platform/failure.ts';
import { type OutboundClient, OutboundDenied } from '../../platform/outbound/outbound.ts';
import { lockCredential } from '../auth/sessions/lockSession.ts';
import { fieldNames } from '../llmProviders/service.ts';
import { sealHeaders } from './headers.ts';
import type { EndpointRow } from './queries.ts';
import * as queries from './queries.ts';
import { cancelReplay } from './replayQueries.ts';
import { newSecret } from './secrets.ts';

/** An endpoint with its secret, which is shown only once. */
export type EndpointWithSecret = { endpoint: EndpointRow; secret: string };

const maxUrlLength = 2_048;

export async function listEndpoints(scope: Scope, page: PageQuery): Promise<{ rows: EndpointRow[]; next: string | undefined }> {
  const { app, db, accountId } = scope;
  return app.cursors.fetchPage(
    page,
    ['webhook endpoints', accountId],
    (key) => db.rows(queries.selectEndpoints, { accountId, ...key }),
    (row) => [row.created_at, row.id],
  );
}

export async function findEndpoint({ db, accountId }: Scope, id: string): Promise<EndpointRow> {
  const endpoint = await db.row(queries.selectEndpoint, { accountId, id });
  if (!endpoint) throw notFound();
  return endpoint;
}

/** Throws 400 for a URL or a header that is not allowed. */
export async function createEndpoint(scope: Scope, input: NewWebhookEndpoint): Promise<EndpointWithSecret> {
  const { app, tx, accountId } = scope;
  const url = readUrl(app.outbound, input.url);
  await lockCredential(scope);
  if (!(await tx.row(queries.lockAccount, { accountId }))) throw notFound();
  const id = newId();
  const events = [...new Set(input.events)];
  const { secret, sealed, prefix } = newSecret(app.keys.encryptionKeys, { id, account_id: accountId });
  const endpoint = await tx.row(queries.insertEndpoint, {
    accountId,
    id,
    url: url.href,
    events,
    projectIds: input.filter?.project_ids ?? [],
    personaIds: input.filter?.persona_ids ?? [],
    ...sealHeaders(app.keys, { id, account_id: accountId }, input.headers ?? {}),
    sealedSecret: sealed,
    secretPrefix: prefix,
  });
  scope.audit({ metadata: { host: url.host, events, ...(endpoint!.header_names.length > 0 && { headers: endpoint!.header_names }) } });
  return { endpoint: endpoint!, secret };
}

/**
 * Disabling an endpoint fails its pending deliveries and ends its replay. A URL with another origin or path removes the custom headers, whose
 * values are secrets, unless new ones are given. Throws 400 for a URL or a header that is not allowed.
 */
export async function updateEndpoint(scope: Scope, { id }: EndpointRow, changes: WebhookEndpointChanges): Promise<EndpointRow> {
  const { app, tx, accountId } = scope;
  const { events, filter, enabled } = changes;
  const url = changes.url === undefined ? undefined : readUrl(app.outbound, changes.url);
  await lockCredential(scope);
  const before = url && (await tx.row(queries.lockUrl, { accountId, id }));
  const isMoved = before && targetOf(new URL(before.url)) !== targetOf(url);
  const headers = changes.headers ?? (isMoved ? {} : undefined);
  const updated = await tx.row(queries.updateEndpoint, {
    accountId,
    id,
    url: url?.href ?? null,
    events: events ? [...new Set(events)] : null,
    projectIds: filter?.project_ids ?? null,
    personaIds: filter?.persona_ids ?? null,
    ...(headers ? sealHeaders(app.keys, { id, account_id: accountId }, headers) : { headerNames: null, sealedHeaders: null }),
    enabled: enabled ?? null,
  });
  if (!updated) throw notFound();
  if (!updated.enabled) {
    await tx.run(queries.failPendingDeliveries, { accountId, endpointId: id });
    await tx.run(cancelReplay, { accountId, endpointId: id });
  }
  scope.audit({ metadata: { fields: fieldNames(changes), ...(enabled !== undefined && { enabled }) } });
  return updated;
}

/** Paths of one host can belong to different receivers. */
const targetOf = ({ origin, pathname }: URL) => origin + pathname;

/** Deletes an endpoint with its deliveries. */
export async function deleteEndpoint({ tx, accountId }: Scope, { id }: EndpointRow): Promise<void> {
  if ((await tx.run(queries.deleteEndpoint, { accountId, id })) === 0) throw notFound();
}

/** The previous secret continues to sign during the grace period. */
export async function rotateSecret(
  scope: Scope,
  { id }: EndpointRow,
  { grace_period_seconds: grace }: SecretRotation,
): Promise<EndpointWithSecret> {
  const { app, tx, accountId } = scope;
  const { secret, sealed, prefix } = newSecret(app.keys.encryptionKeys, { id, account_id: accountId });
  const endpoint = await tx.row(queries.rotateSecret, {
    accountId,
    id,
    sealedSecret: sealed,
    secretPrefix: prefix,
    graceSeconds: grace,
  });
  if (!endpoint) throw notFound();
  scope.audit({ metadata: { grace_period_seconds: grace } });
  return { endpoint, secret };
}

/** The URL to store. DNS is not resolved here, but on every attempt. */
function readUrl(outbound: OutboundClient, text: string): URL {
  try {
    const url = outbound.check(text);
    if (url.href.length > maxUrlLength) throw invalidField('/url', `is longer than ${maxUrlLength} characters`, 'invalid_url');
    return url;
  } catch (error) {
    throw error instanceof OutboundDenied ? invalidField('/url', error.message, error.reason) : error;
  }
}
