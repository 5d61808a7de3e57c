import type { RunEventInput } from '../../../contract/events.ts';
import type { SealedServerRow } from '../../resources/mcpConfigs/queries.ts';
import { failureOf } from './failures.ts';
import type { ServerTool } from './serverTools.ts';

export type DiscoveredServer = {
  row: SealedServerRow;
  tools: ServerTool[];
  errorClass: string | undefined;
  cached: boolean;
  durationMs: number;
};

const thresholdMs = 3_000;

/** Lists the tools of a server. Throws only the reason of an aborted signal. */
export async function discoverTools(
  row: SealedServerRow,
  list: () => { tools: Promise<ServerTool[]>; cached: boolean },
  signal: AbortSignal | undefined,
): Promise<DiscoveredServer> {
  const started = performance.now();
  const since = () => Math.round(performance.now() - started);
  try {
    const { tools, cached } = list();
    return { row, tools: await tools, errorClass: undefined, cached, durationMs: since() };
  } catch (error) {
    signal?.throwIfAborted();
    return { row, tools: [], errorClass: failureOf(error).errorClass, cached: false, durationMs: since() };
  }
}

const outcomeOf = ({ errorClass, tools }: DiscoveredServer) => (errorClass ? 'failed' : tools.length > 0 ? 'ok' : 'empty');

/** The discovery event. Empty unless a server failed or discovery took longer than 3 s. */
export function discoverySteps(found: readonly DiscoveredServer[], durationMs: number, ttlSeconds: number): RunEventInput[] {
  const count = (wanted: ReturnType<typeof outcomeOf>) => found.filter((each) => outcomeOf(each) === wanted).length;
  const failed = count('failed');
  if (failed === 0 && durationMs <= thresholdMs) return [];
  const servers = found.map((each) => ({
    server_id: each.row.id,
    transport: each.row.transport,
    duration_ms: each.durationMs,
    outcome: outcomeOf(each),
    ...(each.errorClass && { error_class: each.errorClass }),
  }));
  const data = {
    status: failed > 0 ? ('failed' as const) : ('slow' as const),
    duration_ms: durationMs,
    threshold_ms: thresholdMs,
    cache_hit: found.every(({ cached }) => cached),
    cache_ttl_seconds: ttlSeconds,
    server_count: found.length,
    server_ok: count('ok'),
    server_failed: failed,
    server_empty: count('empty'),
    tool_count: found.reduce((sum, { tools }) => sum + tools.length, 0),
    servers,
  };
  return [{ type: 'run.mcp_discovery', data }];
}
