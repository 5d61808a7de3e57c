import type { PageQuery } from '../../../contract/shared/pages.ts';
import type { NewWebhookEndpoint, SecretRotation, WebhookEndpointChanges } from '../../../contract/webhooks.ts';
import { invalidField, notFound } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import { type Outbound, OutboundDenied } from '../../kernel/outbound.ts';
import type { Scope } from '../../kernel/scope.ts';
import { fieldsOf } from '../llmProviders/service.ts';
import type { EndpointRow } from './queries.ts';
import * as queries from './queries.ts';
import { newSecret } from './secrets.ts';

/** An endpoint with the secret that is shown this once. */
export type WithSecret = { endpoint: EndpointRow; secret: string };

const longestUrl = 2_048;

/** The endpoints of the account, newest first. */
export async function listEndpoints(
  scope: Scope,
  { limit, before }: PageQuery,
): Promise<{ rows: EndpointRow[]; next: string | undefined }> {
  const { app, read, accountId } = scope;
  const list = ['webhook endpoints', accountId];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  const rows = await read.rows(queries.selectEndpoints, [accountId, createdAt, id, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}

/** The endpoint a path names. */
export async function findEndpoint({ read, accountId }: Scope, id: string): Promise<EndpointRow> {
  const endpoint = await read.row(queries.selectEndpoint, [accountId, id]);
  if (!endpoint) throw notFound();
  return endpoint;
}

/** Register an endpoint. Throws 400 for a URL that may not be called. */
export async function createEndpoint(scope: Scope, input: NewWebhookEndpoint): Promise<WithSecret> {
  const { app, tx, accountId } = scope;
  const url = readUrl(app.outbound, input.url);
  if (!(await tx.row(queries.lockAccount, [accountId]))) throw notFound();
  const id = newId();
  const events = [...new Set(input.events)];
  const { secret, sealed, prefix } = newSecret(app.keys.encryptionKey, { id, account_id: accountId });
  const endpoint = await tx.row(queries.insertEndpoint, [accountId, id, url.href, events, sealed, prefix]);
  scope.audit({ metadata: { host: url.host, events } });
  return { endpoint: endpoint!, secret };
}

/** Change an endpoint. What waits for one that is switched off fails. Throws 400 for a URL that may not be called. */
export async function updateEndpoint(scope: Scope, { id }: EndpointRow, changes: WebhookEndpointChanges): Promise<EndpointRow> {
  const { app, tx, accountId } = scope;
  const { url, events, enabled } = changes;
  const values = [url === undefined ? null : readUrl(app.outbound, url).href, events ? [...new Set(events)] : null, enabled ?? null];
  const updated = await tx.row(queries.updateEndpoint, [accountId, id, ...values]);
  if (!updated) throw notFound();
  if (!updated.enabled) await tx.run(queries.refuseWaiting, [accountId, id]);
  scope.audit({ metadata: { fields: fieldsOf(changes), ...(enabled !== undefined && { enabled }) } });
  return updated;
}

/** Remove an endpoint with its deliveries. */
export async function deleteEndpoint({ tx, accountId }: Scope, { id }: EndpointRow): Promise<void> {
  if ((await tx.run(queries.deleteEndpoint, [accountId, id])) === 0) throw notFound();
}

/** Replace the secret; the one there is signs beside it for the grace period. */
export async function rotateSecret(
  scope: Scope,
  { id }: EndpointRow,
  { grace_period_seconds: grace }: SecretRotation,
): Promise<WithSecret> {
  const { app, tx, accountId } = scope;
  const { secret, sealed, prefix } = newSecret(app.keys.encryptionKey, { id, account_id: accountId });
  const endpoint = await tx.row(queries.rotateSecret, [accountId, id, sealed, prefix, grace]);
  if (!endpoint) throw notFound();
  scope.audit({ metadata: { grace_period_seconds: grace } });
  return { endpoint, secret };
}

/** A URL as it is stored. Which addresses its name has is asked at every attempt, because they change. */
function readUrl(outbound: Outbound, text: string): URL {
  try {
    const url = outbound.check(text);
    if (url.href.length > longestUrl) throw invalidField('/url', `is longer than ${longestUrl} characters`);
    return url;
  } catch (error) {
    throw error instanceof OutboundDenied ? invalidField('/url', error.message, error.reason) : error;
  }
}
