import type { McpConfigChanges, NewMcpConfig } from '../../../contract/mcpConfigs.ts';
import type { PageQuery } from '../../../contract/shared/pages.ts';
import { notFound, refuse } from '../../kernel/failure.ts';
import { newId } from '../../kernel/ids.ts';
import type { Scope } from '../../kernel/scope.ts';
import { conflictAs } from '../llmProviders/conflict.ts';
import { fieldsOf } from '../llmProviders/service.ts';
import type { McpConfigRow } from './queries.ts';
import * as queries from './queries.ts';
import { checkFields, checkProgram, checkTransport, readUrl } from './rules.ts';
import { sealSecret } from './secrets.ts';

/** How many servers an account may have. */
const _mostConfigs = 100;

/** The servers of the account, newest first. */
export async function listConfigs(scope: Scope, { limit, before }: PageQuery): Promise<{ rows: McpConfigRow[]; next: string | undefined }> {
  const { app, read, accountId } = scope;
  const list = ['mcp configs', accountId];
  const [createdAt = null, id = null] = app.cursors.open(before, list) ?? [];
  const rows = await read.rows(queries.selectConfigs, [accountId, createdAt, id, limit + 1]);
  return app.cursors.page(rows, limit, list, (row) => [row.created_at, row.id]);
}

/** The server a path names. */
export async function findConfig({ read, accountId }: Scope, id: string): Promise<McpConfigRow> {
  const config = await read.row(queries.selectConfig, [accountId, id]);
  if (!config) throw notFound();
  return config;
}

/** Add a server. Throws 403 `stdio_requires_platform_admin` or `command_not_allowed`, 409 `name_conflict`, or 400. */
export async function createConfig(scope: Scope, input: NewMcpConfig): Promise<McpConfigRow> {
  const { app, tx, accountId } = scope;
  const { transport, command, args, cwd, env } = input;
  checkTransport(scope, transport);
  checkFields(transport, input, transport === 'stdio' ? 'command' : 'url');
  checkProgram(scope, input);
  const url = readUrl(app.outbound, input.url);
  const owner = { id: newId(), account_id: accountId };
  const { encryptionKey } = app.keys;
  const token = sealSecret(encryptionKey, owner, 'bearer_token', input.bearer_token ?? '');
  const variables = transport === 'stdio' ? sealSecret(encryptionKey, owner, 'env', JSON.stringify(env)) : null;
  if (!(await tx.row(queries.lockAccount, [accountId]))) throw notFound();
  const values = [input.name, transport, url, token, command || null, args, cwd || null, variables, input.call_timeout_ms];
  const created = await tx.row(queries.insertConfig, [accountId, owner.id, ...values]).catch(conflictAs(nameTaken));
  scope.audit({ metadata: { transport, fields: fieldsOf(input) } });
  announce(scope);
  return created!;
}

/** Change a server. Throws 403 `stdio_requires_platform_admin`, 409 `name_conflict`, or 400. */
export async function updateConfig(scope: Scope, config: McpConfigRow, changes: McpConfigChanges): Promise<McpConfigRow> {
  const { app, tx, accountId } = scope;
  const { id, transport } = config;
  checkTransport(scope, transport);
  checkFields(transport, changes, transport !== 'stdio' && changes.url !== undefined ? 'url' : undefined);
  const url = readUrl(app.outbound, changes.url);
  const { name, bearer_token: token, call_timeout_ms: timeout, is_active: active } = changes;
  const sealed = sealSecret(app.keys.encryptionKey, config, 'bearer_token', token ?? '');
  const values = [name ?? null, url, token !== undefined, sealed, timeout ?? null, active ?? null];
  const updated = await tx.row(queries.updateConfig, [accountId, id, ...values]).catch(conflictAs(nameTaken));
  if (!updated) throw notFound();
  scope.audit({ metadata: { transport, fields: fieldsOf(changes) } });
  announce(scope);
  return updated;
}

/** Remove a server with its secrets. */
export async function deleteConfig(scope: Scope, { id, transport }: McpConfigRow): Promise<void> {
  if ((await scope.tx.run(queries.deleteConfig, [scope.accountId, id])) === 0) throw notFound();
  scope.audit({ metadata: { transport } });
  announce(scope);
}

/** Workers end what they keep of the version that was. */
const announce = ({ app, accountId, afterCommit }: Scope) => afterCommit(() => app.changes.announce('mcp_configs', accountId));

const nameTaken = () => refuse('conflict', 'name_conflict', 'There is a tool server with this name.');
