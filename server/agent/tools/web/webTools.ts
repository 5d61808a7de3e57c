import type { Outbound } from '../../../kernel/outbound.ts';
import type { Tool, ToolContext } from '../tool.ts';
import { type BackendDeps, createBackends } from './backends.ts';
import { fetchTool } from './fetch.ts';
import { createPageReader } from './pageReader.ts';
import { searchTool } from './search.ts';
import { vendors as realVendors, type Vendors } from './vendor.ts';

export type WebToolDeps = BackendDeps & {
  outbound: Outbound;
  vendors?: Partial<Vendors>;
  /** Longest time in milliseconds of a search, of a fetch, and of the search for the article on a page. */
  limits?: { searchMs: number; fetchMs: number; articleMs: number };
};

/** The tools that read the web; which back end answers is decided at each call. */
export type WebTools = { tools(run: ToolContext['run']): Promise<Tool[]> };

const usualLimits = { searchMs: 10_000, fetchMs: 15_000, articleMs: 4_000 };

/** The web tools of a worker process. One set serves all runs. */
export function createWebTools({ outbound, vendors = {}, limits = usualLimits, ...rest }: WebToolDeps): WebTools {
  const shared = {
    outbound,
    vendors: { ...realVendors, ...vendors },
    reader: createPageReader(limits),
    backends: createBackends(rest),
  };
  const tools = [searchTool({ ...shared, timeoutMs: limits.searchMs }), fetchTool({ ...shared, timeoutMs: limits.fetchMs })];
  return { tools: async () => tools };
}
