import type { ServerTool } from './tools.ts';

/** The tools of servers as they were listed a while ago, by the version of the server. */
export type Lists = {
  /** The list under a key, or what `read` brings; those who ask at once read once. Failures are not kept. */
  get(key: string, read: () => Promise<ServerTool[]>): { tools: Promise<ServerTool[]>; cached: boolean };
  /** What is under a key is read again when it is asked for next. */
  forget(key: string): void;
  /** While switched off everything is read, and nothing is kept. */
  switchTo(on: boolean): void;
};

type Kept = { tools: Promise<ServerTool[]>; until: number; bytes: number };

/** What is kept in all, in bytes of JSON. */
const roomBytes = 64 * 1024 * 1024;

/** A list is good for `ttlMs` milliseconds; 0 keeps none. */
export function createLists(ttlMs: number): Lists {
  const kept = new Map<string, Kept>();
  let on = false;

  const forget = (now: number) => {
    let bytes = [...kept.values()].reduce((sum, list) => sum + list.bytes, 0);
    for (const [key, list] of kept) {
      if (list.until > now && bytes <= roomBytes) continue;
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
    forget: (key) => void kept.delete(key),
    switchTo(next) {
      on = next;
      kept.clear();
    },
  };
}
