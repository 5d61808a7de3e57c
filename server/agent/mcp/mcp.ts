import type { RunEventInput } from '../../../contract/events.ts';
import type { Database, Queryable } from '../../database/sql.ts';
import { allowProgram } from '../../platform/config/allowedPrograms.ts';
import type { Config } from '../../platform/config/config.ts';
import type { Keys } from '../../platform/crypto/keys.ts';
import type { OutboundClient } from '../../platform/outbound/outbound.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import type { CacheInvalidation } from '../../pubsub/cacheInvalidation.ts';
import { type SealedServerRow, selectServer, selectServers } from '../../resources/mcpConfigs/queries.ts';
import { readEntitlements } from '../../resources/settings/settings.ts';
import { type Tool, ToolFailure } from '../tools/tool.ts';
import { type CallTool, toAgentTools } from './agentTools.ts';
import { createCircuitBreakers } from './circuitBreakers.ts';
import { connect } from './connection.ts';
import { raceWithAbort } from './connectionGuard.ts';
import { type ConnectionPool, createConnectionPool, type ServerVersion, versionKey } from './connectionPool.ts';
import { discoverTools, discoverySteps } from './discovery.ts';
import type { AskServer } from './prompts/answerRequests.ts';
import { readPrompts } from './prompts/readPrompts.ts';
import { openServer, type Server } from './server.ts';
import { createToolListCache } from './toolListCache.ts';

export type McpDeps = {
  config: Pick<Config, 'mcpCacheTtlSeconds' | 'mcpDiscoveryTimeoutMs' | 'mcpStdioAllowlist' | 'workerVersion'>;
  keys: Keys;
  database: Database;
  outbound: OutboundClient;
  changes: CacheInvalidation;
  log: Log;
  /** Whether a name belongs to a built-in tool, which takes precedence. */
  isBuiltin?: (name: string) => boolean;
  /** How long an unused connection is kept, in milliseconds. Default: 10 minutes. */
  idleMs?: number;
};

export type Mcp = {
  /**
   * The tools of all active servers of the run's account, and the discovery events. Leaves out a server that fails.
   * Throws only the reason of the signal, and database errors.
   */
  tools(run: { account_id: string }, signal?: AbortSignal, sql?: Queryable): Promise<{ tools: Tool[]; steps: RunEventInput[] }>;
  /** Asks a server of an account for its prompts, on the connection of its runs. */
  prompts: AskServer;
  /** Closes what only this run uses. */
  release(runId: string): void;
  close(): Promise<void>;
};

/** For workers only: a tool server can be a local program. */
export function createMcp(deps: McpDeps): Mcp {
  const { config, database, isBuiltin = () => false, idleMs = 600_000 } = deps;
  const lists = createToolListCache(config.mcpCacheTtlSeconds * 1_000);
  const forget = (version: ServerVersion) => lists.invalidate(versionKey(version));
  const pool = createConnectionPool((version, signal) => open(deps, version, signal, () => forget(version)), { idleMs, onRetire: forget });
  const circuits = createCircuitBreakers(config.mcpDiscoveryTimeoutMs);
  watchConfigChanges(deps, pool, (up) => lists.setEnabled(up));

  const listOf = (row: SealedServerRow) =>
    lists.get(versionKey(row), () => circuits.run(versionKey(row), () => pool.use(row, (connection) => connection.listTools())));
  const find = async (accountId: string, signal: AbortSignal | undefined, sql: Queryable) => {
    const rows = await allowed(database, accountId, await sql.rows(selectServers, { accountId }));
    return Promise.all(rows.map((row) => discoverTools(row, () => listOf(row), signal)));
  };
  return {
    async tools({ account_id: accountId }, signal, sql = database) {
      const started = performance.now();
      const found = await (signal ? raceWithAbort(signal, () => find(accountId, signal, sql)) : find(accountId, signal, sql));
      const steps = discoverySteps(found, Math.round(performance.now() - started), config.mcpCacheTtlSeconds);
      // A server may have been changed or deleted since the run began: always use its current version.
      const call: CallTool = async (row, tool, args, context) => {
        const current = await inForce(database, row);
        // Nothing would close a connection that is opened after `release`.
        context.signal.throwIfAborted();
        const mayAsk = current.elicitation_enabled && context.ask !== undefined;
        const version = mayAsk ? { ...current, run_id: context.run.id } : current;
        return pool.use(version, (connection) => connection.callTool(tool, args, context));
      };
      return { tools: toAgentTools(found, isBuiltin, call), steps };
    },
    async prompts({ account_id, id }, request, signal) {
      const row = await inForce(database, { account_id, id });
      return raceWithAbort(signal, () => pool.use(row, (connection) => readPrompts(connection, request, signal)));
    },
    release: pool.closeOf,
    close: pool.close,
  };
}

/** Connects to a server version if it is current. A change from here on finds the connection in the pool. */
async function open(deps: McpDeps, version: ServerVersion, signal: AbortSignal, onToolsChanged: () => void) {
  const { config, database, outbound, log } = deps;
  const row = await inForce(database, version);
  if (row.revision !== version.revision) throw gone();
  const server = openServer(deps, row);
  return connect(
    row.transport === 'stdio' ? allowedProgram(config.mcpStdioAllowlist, server) : server,
    { outbound, log, version: config.workerVersion, onToolsChanged, mayAsk: row.elicitation_enabled },
    signal,
  );
}

/** The stored configuration may be older than the current allowlist of programs. */
function allowedProgram(allowed: McpDeps['config']['mcpStdioAllowlist'], server: Server): Server {
  const program = allowProgram(allowed, { ...server, command: server.command! });
  if ('what' in program) throw gone();
  return { ...server, ...program };
}

const gone = () => new ToolFailure('mcp.disconnected', 'The tool server is no longer available.');

async function inForce(
  database: Database,
  { account_id: accountId, id }: Pick<ServerVersion, 'account_id' | 'id'>,
): Promise<SealedServerRow> {
  const [row] = await allowed(database, accountId, await database.rows(selectServer, { accountId, id }));
  if (!row) throw gone();
  return row;
}

/** An account can lose access to remote servers. A local program is allowed if it was configured. */
async function allowed(database: Database, accountId: string, rows: SealedServerRow[]): Promise<SealedServerRow[]> {
  if (rows.every(({ transport }) => transport === 'stdio')) return rows;
  const { 'feature.mcp_remote_enabled': remote } = await readEntitlements(database, accountId);
  return rows.filter(({ transport }) => transport === 'stdio' || remote !== false);
}

/**
 * Closes connections to outdated server versions at once, including calls in progress. Checks all accounts when
 * notifications resume, because changes may have been missed.
 */
function watchConfigChanges({ changes, database, log }: McpDeps, pool: ConnectionPool, onState: (up: boolean) => void) {
  const settle = async (accountId: string) => {
    if (!pool.accounts().includes(accountId)) return;
    pool.closeAllExcept(accountId, await database.rows(selectServers, { accountId }).catch(() => []));
  };
  const onChange = (accountId: string) => {
    settle(accountId).catch((error) => log.error({ err: error, account_id: accountId }, 'connections to tool servers were not updated'));
  };
  changes.on('mcp_configs', onChange);
  changes.onConnectionChange((up) => {
    onState(up);
    if (up) for (const accountId of pool.accounts()) onChange(accountId);
  });
}
