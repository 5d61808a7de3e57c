import type { OutboundClient } from '../../../platform/outbound/outbound.ts';
import type { Tool, ToolContext } from '../tool.ts';
import { type BackendDeps, createBackends } from './backends.ts';
import { fetchTool } from './fetchTool.ts';
import { createPageReader } from './pageReader.ts';
import { searchTool } from './searchTool.ts';
import { defaultVendorUrls, type VendorUrls } from './vendor.ts';

export type WebToolDeps = BackendDeps & {
  outbound: OutboundClient;
  vendors?: Partial<VendorUrls>;
  /** Time limits in milliseconds: of a search, of a fetch, and of the article extraction. */
  limits?: { searchMs: number; fetchMs: number; articleMs: number };
};

/** The backend is chosen at each call. */
export type WebTools = { tools(run: ToolContext['run']): Promise<Tool[]> };

const defaultLimits = { searchMs: 10_000, fetchMs: 15_000, articleMs: 4_000 };

/** One instance per process serves all runs. */
export function createWebTools({ outbound, vendors = {}, limits = defaultLimits, ...rest }: WebToolDeps): WebTools {
  const shared = {
    outbound,
    vendors: { ...defaultVendorUrls, ...vendors },
    reader: createPageReader(limits),
    backends: createBackends(rest),
  };
  const tools = [searchTool({ ...shared, timeoutMs: limits.searchMs }), fetchTool({ ...shared, timeoutMs: limits.fetchMs })];
  return { tools: async () => tools };
}
