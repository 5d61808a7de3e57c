import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { protocolError } from '../failures.ts';

/** How many messages a server may send at once, and how many more each second. Requests are fewer, because each is answered with a message. */
const limits = {
  messages: { burst: 2_000, perSecond: 100 },
  requests: { burst: 100, perSecond: 10 },
};

/** Counts the messages of a server. Fails the connection if there are too many: reading them takes the time of other work of the process. */
export function createMessageLimit(fail: (failure: Error) => void): (message: JSONRPCMessage) => void {
  const [takeMessage, takeRequest] = [createBucket(limits.messages), createBucket(limits.requests)];
  return (message) => {
    const isRequest = 'method' in message && 'id' in message;
    if (!takeMessage() || (isRequest && !takeRequest())) fail(protocolError('The tool server sent too many messages.'));
  };
}

function createBucket({ burst, perSecond }: { burst: number; perSecond: number }): () => boolean {
  let [left, at] = [burst, performance.now()];
  return () => {
    const now = performance.now();
    left = Math.min(burst, left + ((now - at) / 1_000) * perSecond);
    at = now;
    if (left < 1) return false;
    left--;
    return true;
  };
}
