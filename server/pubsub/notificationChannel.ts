/** What carries the notifications. */
export type Carrier = 'postgres' | 'redis' | 'nats';

/**
 * Topics of notifications to all processes. A notification is a hint: it says that something was committed, and receivers read it from the database.
 * So it may be lost, repeated, or come out of order.
 */
export type NotificationChannel = {
  on(topic: string, listener: (payload: string) => void): void;
  /**
   * Called when the channel is lost or restored. Notifications sent meanwhile are lost: cache nothing while it is down, and read again when it is
   * up.
   */
  onConnectionChange(listener: (up: boolean) => void): void;
  /** Sends to all processes, including this one. Call after the commit. Rejects if the notification was not accepted. */
  publish(topic: string, payload: string): Promise<void>;
  /** Whether notifications are received. */
  readonly isUp: boolean;
  close(): Promise<void>;
};

/** The longest payload in bytes. That of PostgreSQL, so that every carrier takes it. */
export const maxPayloadBytes = 7_999;

/** Throws for a payload that some carriers reject. */
export function checkPayload(topic: string, payload: string) {
  const bytes = Buffer.byteLength(payload);
  if (bytes > maxPayloadBytes)
    throw new Error(`a notification of ${topic} has ${bytes} bytes, and at most ${maxPayloadBytes} are possible`);
}

/** The open channels of this process, for metrics. */
export const openChannels = new Set<{ readonly carrier: Carrier; readonly isUp: boolean }>();

/** The listeners of a channel, and whether it is up. */
export class ChannelListeners {
  readonly carrier: Carrier;
  readonly #byTopic = new Map<string, ((payload: string) => void)[]>();
  readonly #ofState: ((up: boolean) => void)[] = [];
  isUp = false;
  constructor(carrier: Carrier) {
    this.carrier = carrier;
    openChannels.add(this);
  }
  readonly on: NotificationChannel['on'] = (topic, listener) =>
    void this.#byTopic.set(topic, [...(this.#byTopic.get(topic) ?? []), listener]);
  readonly onConnectionChange: NotificationChannel['onConnectionChange'] = (listener) => void this.#ofState.push(listener);
  receive(topic: string, payload: string) {
    for (const listener of this.#byTopic.get(topic) ?? []) listener(payload);
  }
  setUp(up: boolean) {
    this.isUp = up;
    for (const listener of this.#ofState) listener(up);
  }
  /** The channel that these listeners belong to. */
  asChannel({ publish, close }: Pick<NotificationChannel, 'publish' | 'close'>): NotificationChannel {
    const isUp = () => this.isUp;
    return {
      on: this.on,
      onConnectionChange: this.onConnectionChange,
      get isUp() {
        return isUp();
      },
      publish,
      close: async () => {
        openChannels.delete(this);
        await close();
      },
    };
  }
}

/** How long a broker may take to accept a notification, in milliseconds. */
const publishMs = 2_000;

/** Rejects if `sent` does not settle in time. A frozen broker keeps its connections. */
export async function inTime<T>(sent: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`the broker did not answer within ${publishMs} ms`)), publishMs);
  try {
    return await Promise.race([sent, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
