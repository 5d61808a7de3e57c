import type { NotificationChannel } from './notificationChannel.ts';

/** Data that several processes cache. */
export type CachedData = 'settings' | 'entitlements' | 'mcp_configs' | 'tool_providers' | 'personas' | 'feature_flags' | 'ip_rules';

/** Invalidates caches in all processes. The key is the account that the data belongs to, or `platform`. */
export type CacheInvalidation = {
  /** Call after the commit. Listeners of this process run at once, those of other processes within a second. */
  invalidate(thing: CachedData, key: string): void;
  on(thing: CachedData, listener: (key: string) => void): void;
  /** Called when the connection is lost or restored. Drop data that was cached across a loss. */
  onConnectionChange(listener: (up: boolean) => void): void;
};

/** The topic of cache invalidations. Triggers of PostgreSQL send them too. */
export const invalidationChannel = 'arkloop_changes';

/** Sends and receives invalidations as notifications. */
export function createCacheInvalidation(channel: NotificationChannel, onError: (error: unknown) => void): CacheInvalidation {
  const listeners = new Map<string, ((key: string) => void)[]>();
  const tell = (thing: string, key: string) => {
    for (const listener of listeners.get(thing) ?? []) listener(key);
  };
  channel.on(invalidationChannel, (payload) => {
    const [thing = '', key = ''] = payload.split(' ');
    tell(thing, key);
  });
  return {
    invalidate(thing, key) {
      tell(thing, key);
      void channel.publish(invalidationChannel, `${thing} ${key}`).catch(onError);
    },
    on: (thing: CachedData, listener) => void listeners.set(thing, [...(listeners.get(thing) ?? []), listener]),
    onConnectionChange: channel.onConnectionChange,
  };
}
