import type { Log } from '../platform/telemetry/log.ts';
import { ChannelListeners, checkPayload, inTime, type NotificationChannel } from './notificationChannel.ts';
import { outageLog } from './outageLog.ts';

type Options = { url: string; topics: readonly string[]; log: Log };

/** A half-open connection is found within 15 s: a ping every 5 s, and no byte for 9 s. */
const pingMs = 5_000;
const silenceMs = 9_000;

/**
 * Notifications through Redis (`PUBLISH`, `SUBSCRIBE`), over one connection to receive and one to send. Reconnects without limit; the client
 * subscribes again before it reports that it is ready.
 */
export function openRedisChannel({ url, topics, log }: Options): NotificationChannel {
  const listeners = new ChannelListeners('redis');
  const outage = outageLog('redis', log);
  let closed = false;
  const opened = open();
  opened.catch((error) => outage.lost(error));

  async function open() {
    const { createClient } = await import('@redis/client');
    const socket = {
      connectTimeout: 5_000,
      socketTimeout: silenceMs,
      reconnectStrategy: (tries: number) => Math.min(1_000, 50 * 2 ** Math.min(tries, 6)),
    };
    const receiver = createClient({ url, disableOfflineQueue: true, pingInterval: pingMs, socket });
    const sender = receiver.duplicate();
    let isSubscribed = false;
    let isLost = false;
    const lost = (error?: unknown) => {
      outage.lost(error);
      if (isLost || closed) return;
      isLost = true;
      listeners.setUp(false);
    };
    const ready = () => {
      if (!isSubscribed || closed) return;
      isLost = false;
      outage.over();
      listeners.setUp(true);
    };
    receiver.on('error', lost).on('end', lost).on('ready', ready);
    // Without a connection to send, `publish` rejects.
    sender.on('error', (error) => outage.lost(error)).on('ready', () => listeners.isUp && outage.over());
    sender.connect().catch(() => {});
    const connecting = receiver
      .connect()
      .then(() => receiver.subscribe([...topics], (payload, topic) => listeners.receive(topic, payload)))
      .then(() => {
        isSubscribed = true;
        ready();
      });
    connecting.catch(lost);
    return { receiver, sender };
  }

  return listeners.asChannel({
    async publish(topic, payload) {
      checkPayload(topic, payload);
      const { sender } = await opened;
      await inTime(sender.publish(topic, payload));
    },
    async close() {
      closed = true;
      const clients = await opened.catch(() => undefined);
      clients?.receiver.destroy();
      clients?.sender.destroy();
    },
  });
}
