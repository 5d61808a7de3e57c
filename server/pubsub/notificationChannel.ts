import pg from 'pg';
import type { Log } from '../platform/telemetry/log.ts';

type Listener = (payload: string) => void;

/** PostgreSQL notifications, received over one connection of this process. */
export type NotificationChannel = {
  on(name: string, listener: Listener): void;
  /** Called when the connection is lost or restored. Do not cache while it is down. */
  onConnectionChange(listener: (up: boolean) => void): void;
  close(): Promise<void>;
};

/** Listens to `names`, and reconnects without limit. Notifications sent while it is down are lost: listeners read again when it is up. */
export function openNotificationChannel(url: string, names: readonly string[], log: Log): NotificationChannel {
  const listeners = new Map<string, Listener[]>();
  const stateListeners: ((up: boolean) => void)[] = [];
  let client: pg.Client | undefined;
  let closed = false;
  let retry: NodeJS.Timeout | undefined;
  const tell = (up: boolean) => {
    for (const listener of stateListeners) listener(up);
  };

  async function connect() {
    const next = new pg.Client({
      connectionString: url,
      application_name: 'arkloop channel',
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
    });
    client = next;
    next.on('error', (error) => log.warn({ err: error }, 'the notification channel was lost'));
    next.on('notification', ({ channel, payload = '' }) => {
      for (const listener of listeners.get(channel) ?? []) listener(payload);
    });
    next.once('end', () => {
      if (client === next) lost();
    });
    try {
      await next.connect();
      await next.query(names.map((name) => `listen ${name}`).join(';'));
      tell(true);
    } catch {
      await next.end().catch(() => {});
      if (client === next) lost();
    }
  }
  function lost() {
    client = undefined;
    if (closed || retry) return;
    retry = setTimeout(() => {
      retry = undefined;
      start();
    }, 250);
    tell(false);
  }
  const start = () => {
    connect().catch((error) => log.error({ err: error }, 'a listener of the notification channel failed'));
  };
  // A half-open connection reports no error, so it is probed regularly: a silent loss is found within 15 s.
  const pulse = setInterval(() => {
    const asked = client;
    const dead = setTimeout(() => void asked?.end().catch(() => {}), 5_000);
    asked?.query('select 1').then(
      () => clearTimeout(dead),
      () => clearTimeout(dead),
    );
  }, 10_000);

  start();
  return {
    on: (name, listener) => void listeners.set(name, [...(listeners.get(name) ?? []), listener]),
    onConnectionChange: (listener) => void stateListeners.push(listener),
    async close() {
      closed = true;
      clearInterval(pulse);
      clearTimeout(retry);
      await client?.end().catch(() => {});
    },
  };
}
