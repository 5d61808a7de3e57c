import pg from 'pg';
import type { Log } from '../kernel/log.ts';

type Listener = (payload: string) => void;

/** The notifications of PostgreSQL, over one connection of this process. */
export type Channel = {
  on(name: string, listener: Listener): void;
  /** Called with every loss and recovery of the connection; whoever caches must not while it is down. */
  onState(listener: (up: boolean) => void): void;
  close(): Promise<void>;
};

/** Listen to `names`, reconnecting for as long as it takes. What is notified meanwhile is lost: listeners read again when it is up. */
export function openChannel(url: string, names: readonly string[], log: Log): Channel {
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
  // A half-open connection says nothing by itself: ask now and then (a silent loss is found within 15 s).
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
    onState: (listener) => void stateListeners.push(listener),
    async close() {
      closed = true;
      clearInterval(pulse);
      clearTimeout(retry);
      await client?.end().catch(() => {});
    },
  };
}
