import type { RunStep } from '../../../contract/events.ts';
import type { Changes } from '../../kernel/changes.ts';
import type { Config } from '../../kernel/config.ts';
import type { Keys } from '../../kernel/keys.ts';
import type { Log } from '../../kernel/log.ts';
import type { Outbound } from '../../kernel/outbound.ts';
import type { Database } from '../../kernel/sql.ts';
import type { Storage } from '../../kernel/storage.ts';
import { createMcp } from '../mcp/mcp.ts';
import { askUserTool } from './askUser.ts';
import { noteTools } from './notes.ts';
import { loadToolsName } from './offer.ts';
import type { Tool, ToolContext } from './tool.ts';
import { createWebTools } from './web/webTools.ts';
import { createWorkspaceTools } from './workspace.ts';

/** What the tools of a process are made of. */
export type ToolDeps = {
  config: Config;
  keys: Keys;
  database: Database;
  outbound: Outbound;
  storage: Storage | undefined;
  changes: Changes;
  log: Log;
};

/** Everything a run could call, before its persona narrows it, and what is to be told of how it was found. */
export type Supply = { tools: Tool[]; steps: readonly RunStep[] };

type Run = ToolContext['run'];
type Source = (run: Run, signal: AbortSignal) => Promise<Tool[] | Supply>;

/** Where the tools of runs come from; one for each process. */
export type ToolSources = { supply(run: Run, signal: AbortSignal): Promise<Supply>; close(): Promise<void> };

/** Open all sources of tools. A new one gets a line here. */
export function createToolSources(deps: ToolDeps): ToolSources {
  const builtins = [...noteTools(deps.database), askUserTool];
  const reserved = new Set([...builtins.map(({ name }) => name), loadToolsName]);
  const mcp = createMcp({ ...deps, isBuiltin: (name) => reserved.has(name) });
  const web = createWebTools(deps);
  const sources: Source[] = [mcp.tools, web.tools, createWorkspaceTools(deps).tools];
  return {
    async supply(run, signal) {
      const found = await Promise.all(sources.map((source) => source(run, signal)));
      const supplies = found.map((each) => (Array.isArray(each) ? { tools: each, steps: [] } : each));
      // The product's own tools keep their names.
      const others = supplies.flatMap(({ tools }) => tools).filter(({ name }) => !reserved.has(name));
      return { tools: [...builtins, ...others], steps: supplies.flatMap(({ steps }) => steps) };
    },
    close: mcp.close,
  };
}
