import { sha256 } from '../platform/crypto/ids.ts';
import type { NotificationChannel } from './notificationChannel.ts';

/** Cancels calls of the MCP server, wherever they are served: a client sends its cancellation in a request of its own. */
export type CallCancellation = {
  /** `call` identifies a call of one client. */
  cancel(call: readonly unknown[]): void;
  /** Calls `onCancel` if the call is cancelled, until the returned function is called. */
  watch(call: readonly unknown[], onCancel: () => void): () => void;
};

/** The topic of cancelled calls. */
export const cancellationChannel = 'arkloop_cancelled_calls';

const keyOf = (call: readonly unknown[]) => sha256(JSON.stringify(call));

/** Sends and receives cancellations as notifications. A lost one only means that the call goes on. */
export function createCallCancellation(channel: NotificationChannel, onError: (error: unknown) => void): CallCancellation {
  const calls = new Map<string, () => void>();
  channel.on(cancellationChannel, (key) => calls.get(key)?.());
  return {
    cancel(call) {
      const key = keyOf(call);
      calls.get(key)?.();
      void channel.publish(cancellationChannel, key).catch(onError);
    },
    watch(call, onCancel) {
      const key = keyOf(call);
      calls.set(key, onCancel);
      return () => {
        if (calls.get(key) === onCancel) calls.delete(key);
      };
    },
  };
}
