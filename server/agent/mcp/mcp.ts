import type { RunStep } from '../../../contract/events.ts';
import type { Changes } from '../../kernel/changes.ts';
import type { Config } from '../../kernel/config.ts';
import type { Keys } from '../../kernel/keys.ts';
import type { Log } from '../../kernel/log.ts';
import type { Outbound } from '../../kernel/outbound.ts';
import { admitProgram } from '../../kernel/programs.ts';
import type { Database } from '../../kernel/sql.ts';
import { type SealedServerRow, selectServer, selectServers } from '../../resources/mcpConfigs/queries.ts';
import { readEntitlements } from '../../resources/settings/settings.ts';
import { type Tool, ToolFailure } from '../tools/tool.ts';
import { createCircuits } from './circuits.ts';
import { connect } from './connection.ts';
import { ask, discoverySteps } from './discovery.ts';
import { aborting } from './guard.ts';
import { createLists } from './lists.ts';
import { offer } from './offer.ts';
import { createPool, keyOf, type Pool, type Version } from './pool.ts';
import { openServer, type Server } from './server.ts';

export type McpDeps = {
  config: Pick<Config, 'mcpCacheTtlSeconds' | 'mcpDiscoveryTimeoutMs' | 'mcpStdioAllowlist' | 'workerVersion'>;
  keys: Keys;
  database: Database;
  outbound: Outbound;
  changes: Changes;
  log: Log;
  /** Whether a name belongs to a tool of the product, which wins. */
  isBuiltin?: (name: string) => boolean;
  /** How long an unused connection is kept, in milliseconds: 10 minutes where nothing is said. */
  idleMs?: number;
};

/** The tool servers of accounts, as a worker uses them. */
export type Mcp = {
  /**
   * The tools of all active servers of a run's account, and what is to be reported of finding them. A server that fails is left out.
   * Throws only the reason of the signal, and what the database throws.
   */
  tools(run: { account_id: string }, signal?: AbortSignal): Promise<{ tools: Tool[]; steps: RunStep[] }>;
  /** End all connections and programs. */
  close(): Promise<void>;
};

/** Speak to the tool servers of accounts. For a worker only: some of them are programs. */
export function createMcp(deps: McpDeps): Mcp {
  const { config, database, isBuiltin = () => false, idleMs = 600_000 } = deps;
  const lists = createLists(config.mcpCacheTtlSeconds * 1_000);
  const forget = (version: Version) => lists.forget(keyOf(version));
  const pool = createPool((version, signal) => open(deps, version, signal, () => forget(version)), { idleMs, onRetire: forget });
  const circuits = createCircuits(config.mcpDiscoveryTimeoutMs);
  heed(deps, pool, (up) => lists.switchTo(up));

  const listOf = (row: SealedServerRow) =>
    lists.get(keyOf(row), () => circuits.run(keyOf(row), () => pool.use(row, (connection) => connection.listTools())));
  const find = async (accountId: string, signal: AbortSignal | undefined) => {
    const rows = await allowed(database, accountId, await database.rows(selectServers, [accountId]));
    return Promise.all(rows.map((row) => ask(row, () => listOf(row), signal)));
  };
  return {
    async tools({ account_id: accountId }, signal) {
      const started = performance.now();
      const found = await (signal ? aborting(signal, () => find(accountId, signal)) : find(accountId, signal));
      const steps = discoverySteps(found, Math.round(performance.now() - started), config.mcpCacheTtlSeconds);
      // A run may have begun before a server was changed or taken away: what counts is the version in force.
      const call = async (row: SealedServerRow, tool: string, args: Record<string, unknown>, during: AbortSignal) =>
        pool.use(await inForce(database, row), (connection) => connection.callTool(tool, args, during));
      return { tools: offer(found, isBuiltin, call), steps };
    },
    close: pool.close,
  };
}

/** Connect to a version of a server if it is the one in force; whoever changes it later finds the connection in the pool. */
async function open(deps: McpDeps, version: Version, signal: AbortSignal, onToolsChanged: () => void) {
  const { config, keys, database, outbound, log } = deps;
  const row = await inForce(database, version);
  if (row.revision !== version.revision) throw gone();
  const server = openServer(keys, row);
  return connect(
    row.transport === 'stdio' ? allowedProgram(config.mcpStdioAllowlist, server) : server,
    { outbound, log, version: config.workerVersion, onToolsChanged },
    signal,
  );
}

/** What is stored may be older than the list of programs. */
function allowedProgram(allowed: McpDeps['config']['mcpStdioAllowlist'], server: Server): Server {
  const program = admitProgram(allowed, { ...server, command: server.command! });
  if ('what' in program) throw gone();
  return { ...server, ...program };
}

const gone = () => new ToolFailure('mcp.disconnected', 'The tool server is no longer available.');

async function inForce(database: Database, { account_id: accountId, id }: Version): Promise<SealedServerRow> {
  const [row] = await allowed(database, accountId, await database.rows(selectServer, [accountId, id]));
  if (!row) throw gone();
  return row;
}

/** Servers elsewhere can be forbidden to an account; programs here are allowed by having been configured. */
async function allowed(database: Database, accountId: string, rows: SealedServerRow[]): Promise<SealedServerRow[]> {
  if (rows.every(({ transport }) => transport === 'stdio')) return rows;
  const { 'feature.mcp_remote_enabled': remote } = await readEntitlements(database, accountId);
  return rows.filter(({ transport }) => transport === 'stdio' || remote !== false);
}

/** A version that is no longer in force is ended at once, and what runs there with it; changes may be missed while nobody tells of them. */
function heed({ changes, database, log }: McpDeps, pool: Pool, onState: (up: boolean) => void) {
  const settle = async (accountId: string) => {
    if (!pool.accounts().includes(accountId)) return;
    pool.keepOnly(accountId, await database.rows(selectServers, [accountId]).catch(() => []));
  };
  const onChange = (accountId: string) => {
    settle(accountId).catch((error) => log.error({ err: error, account_id: accountId }, 'connections to tool servers were not updated'));
  };
  changes.on('mcp_configs', onChange);
  changes.onState((up) => {
    onState(up);
    if (up) for (const accountId of pool.accounts()) onChange(accountId);
  });
}
