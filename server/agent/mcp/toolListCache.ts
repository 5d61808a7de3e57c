import type { ServerTool } from './serverTools.ts';

/** A cache of the tool lists of servers, by server version. */
export type ToolListCache = {
  /** Returns the cached list, or calls `read`. Concurrent callers share one read. Failures are not cached. */
  get(key: string, read: () => Promise<ServerTool[]>): { tools: Promise<ServerTool[]>; cached: boolean };
  invalidate(key: string): void;
  /** While switched off, every call reads and nothing is cached. */
  setEnabled(on: boolean): void;
};

type Kept = { tools: Promise<ServerTool[]>; until: number; bytes: number };

/** Size of the whole cache, in bytes of JSON. */
const maxCacheBytes = 64 * 1024 * 1024;

/** `ttlMs` 0 disables the cache. */
export function createToolListCache(ttlMs: number): ToolListCache {
  const kept = new Map<string, Kept>();
  let on = false;

  const forget = (now: number) => {
    let bytes = [...kept.values()].reduce((sum, list) => sum + list.bytes, 0);
    for (const [key, list] of kept) {
      if (list.until > now && bytes <= maxCacheBytes) continue;
      kept.delete(key);
      bytes -= list.bytes;
    }
  };
  return {
    get(key, read) {
      const now = performance.now();
      const known = kept.get(key);
      if (known && known.until > now) return { tools: known.tools, cached: true };
      const entry: Kept = { tools: read(), until: now + ttlMs, bytes: 0 };
      if (on && ttlMs > 0) {
        kept.delete(key);
        kept.set(key, entry);
      }
      entry.tools.then(
        (tools) => {
          entry.bytes = Buffer.byteLength(JSON.stringify(tools));
          forget(performance.now());
        },
        () => {
          if (kept.get(key) === entry) kept.delete(key);
        },
      );
      return { tools: entry.tools, cached: false };
    },
    invalidate: (key) => void kept.delete(key),
    setEnabled(next) {
      on = next;
      kept.clear();
    },
  };
}
