import type { RunEventInput } from '../../../contract/events.ts';
import type { Database, Queryable } from '../../database/sql.ts';
import type { Config } from '../../platform/config/config.ts';
import type { Keys } from '../../platform/crypto/keys.ts';
import type { OutboundClient } from '../../platform/outbound/outbound.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import type { CacheInvalidation } from '../../pubsub/cacheInvalidation.ts';
import type { Storage } from '../../storage/storage.ts';
import { createMcp, type Mcp } from '../mcp/mcp.ts';
import { createMemoryTools } from '../memory/memoryTools.ts';
import { openSandbox } from '../sandbox/openSandbox.ts';
import { askUserTool } from './askUser.ts';
import { loadToolsName } from './availableTools.ts';
import { progressTools } from './progressTools.ts';
import { scheduleTools } from './scheduleTools.ts';
import { loadSkillName } from './skills.ts';
import { subagentTools } from './subagentTools.ts';
import type { Tool, ToolContext } from './tool.ts';
import { createWebTools } from './web/webTools.ts';
import { createWorkspaceTools } from './workspace/workspaceTools.ts';

export type ToolDeps = {
  config: Config;
  keys: Keys;
  database: Database;
  outbound: OutboundClient;
  storage: Storage | undefined;
  changes: CacheInvalidation;
  log: Log;
};

/** All tools available to a run before the persona restricts them, and the events of their discovery. */
type ToolSet = { tools: Tool[]; steps: readonly RunEventInput[] };

type Run = ToolContext['run'];
type Source = (run: Run, signal: AbortSignal, sql: Queryable) => Promise<Tool[] | ToolSet>;

export type ToolSources = {
  /** `sql` runs the statements that read what is configured. */
  findTools(run: Run, signal: AbortSignal, sql: Queryable): Promise<ToolSet>;
  prompts: Mcp['prompts'];
  /** Closes what only this run uses. */
  release(runId: string): void;
  close(): Promise<void>;
};

export function createToolSources(deps: ToolDeps): ToolSources {
  const builtins = [...progressTools(deps.database), ...scheduleTools(deps.database), askUserTool];
  const reserved = new Set([...builtins.map(({ name }) => name), loadToolsName, loadSkillName, ...subagentTools]);
  const mcp = createMcp({ ...deps, isBuiltin: (name) => reserved.has(name) });
  const web = createWebTools(deps);
  const workspace = createWorkspaceTools({ ...deps, sandbox: openSandbox(deps.config) });
  const memory = createMemoryTools(deps);
  const sources: Source[] = [mcp.tools, web.tools, workspace.tools, (run, _, sql) => memory.tools(run, sql)];
  return {
    async findTools(run, signal, sql) {
      const found = await Promise.all(sources.map((source) => source(run, signal, sql)));
      const supplies = found.map((each) => (Array.isArray(each) ? { tools: each, steps: [] } : each));
      // Built-in tools keep their names.
      const others = supplies.flatMap(({ tools }) => tools).filter(({ name }) => !reserved.has(name));
      return { tools: [...builtins, ...others], steps: supplies.flatMap(({ steps }) => steps) };
    },
    prompts: mcp.prompts,
    release: mcp.release,
    close: mcp.close,
  };
}
