import type { NatsConnection } from '@nats-io/transport-node';
import type { Log } from '../platform/telemetry/log.ts';
import { ChannelListeners, checkPayload, inTime, type NotificationChannel } from './notificationChannel.ts';
import { outageLog } from './outageLog.ts';

type Options = { url: string; topics: readonly string[]; log: Log };

/** A half-open connection is found within 15 s: a ping every 5 s, and the connection is lost with the third unanswered one. */
const pings = { pingInterval: 5_000, maxPingOut: 2 };

/** Notifications through NATS, over one connection. Reconnects without limit, and is up again once the server has the subscriptions. */
export function openNatsChannel({ url, topics, log }: Options): NotificationChannel {
  const listeners = new ChannelListeners('nats');
  const outage = outageLog('nats', log);
  let connection: NatsConnection | undefined;
  let closed = false;
  let retry: NodeJS.Timeout | undefined;

  async function open() {
    const { connect } = await import('@nats-io/transport-node');
    const opened = await connect({
      ...serverOf(url),
      ...pings,
      name: 'arkloop',
      timeout: 5_000,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
    });
    if (closed) return void (await opened.close());
    connection = opened;
    for (const topic of topics)
      opened.subscribe(topic, {
        callback: (error, message) => void (error ? outage.lost(error) : listeners.receive(topic, message.string())),
      });
    watch(opened).catch(lost);
    await confirm(opened);
  }
  async function watch(opened: NatsConnection) {
    for await (const status of opened.status()) {
      if (closed) return;
      if (status.type === 'disconnect' || status.type === 'staleConnection')
        lost(new Error(`the connection to NATS ended: ${status.type}`));
      if (status.type === 'reconnect') await confirm(opened);
    }
    // The client gives up only if the server rejects the credentials repeatedly.
    if (closed) return;
    connection = undefined;
    lost(new Error('the connection to NATS was closed'));
    retry = setTimeout(start, 1_000);
  }
  /** The answer to a ping comes after the server has taken the subscriptions. */
  async function confirm(opened: NatsConnection) {
    try {
      await inTime(opened.flush());
    } catch (error) {
      lost(error);
      // A slow answer ends no connection, so no `reconnect` would follow.
      if (!closed && connection === opened) retry = setTimeout(() => void confirm(opened), 1_000);
      return;
    }
    if (closed || listeners.isUp) return;
    outage.over();
    listeners.setUp(true);
  }
  function lost(error: unknown) {
    outage.lost(error);
    if (!closed && (listeners.isUp || !connection)) listeners.setUp(false);
  }
  /** The client retries lost connections only, not the first one. */
  function start() {
    open().catch((error) => {
      lost(error);
      if (!closed) retry = setTimeout(start, 250);
    });
  }
  start();

  return listeners.asChannel({
    async publish(topic, payload) {
      checkPayload(topic, payload);
      // Without a connection the client would keep the message for later.
      if (!connection || !listeners.isUp) throw new Error('there is no connection to NATS');
      connection.publish(topic, payload);
      await inTime(connection.flush());
    },
    async close() {
      closed = true;
      clearTimeout(retry);
      await connection?.close();
    },
  });
}

/** The client takes user and password, or a token, only as options. */
function serverOf(text: string) {
  const { protocol, host, username, password } = new URL(text);
  const [user, pass] = [decodeURIComponent(username), decodeURIComponent(password)];
  return {
    servers: `${protocol}//${host}`,
    ...(user && (pass ? { user, pass } : { token: user })),
    ...(protocol === 'tls:' && { tls: {} }),
  };
}
