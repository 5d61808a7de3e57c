import type {
  McpConfigChanges,
  McpPrompt,
  McpPromptRequest,
  McpPromptResult,
  McpTest,
  NewMcpConfig,
} from '../../../contract/mcpConfigs.ts';
import type { PageQuery } from '../../../contract/shared/pagination.ts';
import type { App } from '../../http/app.ts';
import type { Scope } from '../../http/scope.ts';
import { newId } from '../../platform/crypto/ids.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import { lockCredential } from '../auth/sessions/lockSession.ts';
import { requireSecretForMove } from '../llmProviders/secretOfUrl.ts';
import { fieldNames } from '../llmProviders/service.ts';
import { onUniqueViolation } from '../llmProviders/uniqueViolation.ts';
import { readEntitlements } from '../settings/settings.ts';
import { invalidateCache } from './invalidateCache.ts';
import { clearAuthorization } from './oauth/queries.ts';
import type { McpConfigRow, SealedServerRow } from './queries.ts';
import * as queries from './queries.ts';
import { checkFields, checkProgram, checkTransport, readUrl } from './rules.ts';
import { sealSecret } from './secrets.ts';

export async function listConfigs(scope: Scope, page: PageQuery): Promise<{ rows: McpConfigRow[]; next: string | undefined }> {
  const { app, db, accountId } = scope;
  return app.cursors.fetchPage(
    page,
    ['mcp configs', accountId],
    (key) => db.rows(queries.selectConfigs, { accountId, ...key }),
    (row) => [row.created_at, row.id],
  );
}

export async function findConfig({ db, accountId }: Scope, id: string): Promise<McpConfigRow> {
  const config = await db.row(queries.selectConfig, { accountId, id });
  if (!config) throw notFound();
  return config;
}

/** Throws 403 `stdio_requires_platform_admin` or `command_not_allowed`, 409 `name_conflict`, or 400. */
export async function createConfig(scope: Scope, input: NewMcpConfig): Promise<McpConfigRow> {
  const { app, tx, accountId } = scope;
  const { transport, command, args, cwd, env } = input;
  checkTransport(scope, transport);
  checkFields(transport, input, transport === 'stdio' ? 'command' : 'url');
  checkProgram(scope, input);
  const url = readUrl(app.outbound, input.url);
  const owner = { id: newId(), account_id: accountId };
  const { encryptionKeys } = app.keys;
  const sealedToken = sealSecret(encryptionKeys, owner, 'bearer_token', input.bearer_token ?? '');
  const sealedEnv = transport === 'stdio' ? sealSecret(encryptionKeys, owner, 'env', JSON.stringify(env)) : null;
  await lockCredential(scope);
  if (!(await tx.row(queries.lockAccount, { accountId }))) throw notFound();
  const values = { name: input.name, transport, url, sealedToken, command: command || null, args, cwd: cwd || null, sealedEnv };
  const created = await tx
    .row(queries.insertConfig, {
      ...{ accountId, id: owner.id, ...values },
      callTimeoutMs: input.call_timeout_ms,
      elicitationEnabled: input.elicitation_enabled,
    })
    .catch(onUniqueViolation(nameTaken));
  scope.audit({ metadata: { transport, fields: fieldNames(input) } });
  invalidateCache(scope);
  return created!;
}

/** Another URL needs the bearer token again, if there is one. Throws 403 `stdio_requires_platform_admin`, 409 `name_conflict`, or 400. */
export async function updateConfig(scope: Scope, config: McpConfigRow, changes: McpConfigChanges): Promise<McpConfigRow> {
  const { app, tx, accountId } = scope;
  const { id, transport } = config;
  checkTransport(scope, transport);
  checkFields(transport, changes, transport !== 'stdio' && changes.url !== undefined ? 'url' : undefined);
  const url = readUrl(app.outbound, changes.url);
  const { name = null, bearer_token: token, call_timeout_ms: callTimeoutMs = null, is_active: isActive = null } = changes;
  const { elicitation_enabled: elicitationEnabled = null } = changes;
  const sealedToken = sealSecret(app.keys.encryptionKeys, config, 'bearer_token', token ?? '');
  const values = { name, url, changesToken: token !== undefined, sealedToken, callTimeoutMs, elicitationEnabled, isActive };
  await lockCredential(scope);
  const before = await tx.row(queries.lockUrl, { accountId, id });
  if (!before) throw notFound();
  if (before.has_auth && url !== null && token === undefined)
    requireSecretForMove('/bearer_token', { from: { url: before.url }, to: { url } });
  // An access is granted for one URL, and a bearer token replaces it.
  if (url || token) await tx.run(clearAuthorization, { accountId, id, url: token ? null : url });
  const updated = await tx.row(queries.updateConfig, { accountId, id, ...values }).catch(onUniqueViolation(nameTaken));
  scope.audit({ metadata: { transport, fields: fieldNames(changes) } });
  invalidateCache(scope);
  return updated!;
}

export async function deleteConfig(scope: Scope, { id, transport }: McpConfigRow): Promise<void> {
  if ((await scope.tx.run(queries.deleteConfig, { accountId: scope.accountId, id })) === 0) throw notFound();
  scope.audit({ metadata: { transport } });
  invalidateCache(scope);
}

/** Connects to a remote server and lists its tools. Never throws for an error of the server. */
export type TestServer = (app: App, row: SealedServerRow) => Promise<Omit<McpTest, 'config_id' | 'authorization'>>;

/** The result also tells why a server cannot be tested. */
export async function testConfig(scope: Scope, { id, transport }: McpConfigRow, test: TestServer): Promise<McpTest> {
  const { app, db, accountId } = scope;
  const row = await db.row(queries.selectSealedConfig, { accountId, id });
  if (!row) throw notFound();
  const obstacle = transport === 'stdio' ? 'The program of this server runs on workers only.' : await obstacleTo(scope, transport);
  const result = obstacle ? { success: false, latency_ms: 0, error: obstacle, tools: [] } : await test(app, row);
  scope.audit({ metadata: { transport, success: result.success } });
  // The test may have found out that the server requires authorization.
  const { authorization } = await findConfig(scope, id);
  return { config_id: id, ...result, authorization };
}

/** Why a server cannot be used. Accounts without remote servers keep their programs. */
async function obstacleTo({ app, accountId }: Scope, transport: McpConfigRow['transport']): Promise<string | undefined> {
  if (transport === 'stdio') return undefined;
  const { 'feature.mcp_remote_enabled': remote } = await readEntitlements(app.database, accountId);
  return remote === false ? 'This account may not use remote tool servers.' : undefined;
}

/** The prompts of servers. Both throw 502, 503 `worker_unavailable` for programs, and `get` 400 `prompt_not_found` or `invalid_prompt_arguments`. */
export type ServerPrompts = {
  list(app: App, row: SealedServerRow, signal: AbortSignal): Promise<McpPrompt[]>;
  get(app: App, row: SealedServerRow, request: McpPromptRequest, signal: AbortSignal): Promise<McpPromptResult>;
};

/** A server whose prompts can be used, like its tools in runs. Throws 409 `mcp_server_unavailable`. */
export async function findPromptServer(scope: Scope, { id, transport, is_active: isActive }: McpConfigRow): Promise<SealedServerRow> {
  const { db, accountId } = scope;
  const obstacle = isActive ? await obstacleTo(scope, transport) : 'This server is turned off.';
  if (obstacle) throw failWith('conflict', 'mcp_server_unavailable', obstacle);
  const row = await db.row(queries.selectServer, { accountId, id });
  if (!row) throw notFound();
  return row;
}

const nameTaken = () => failWith('conflict', 'name_conflict', 'There is a tool server with this name.');
