import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { protocolError } from '../failures.ts';

/** How many messages a server may send at once, and how many more each second. Requests are fewer, because each is answered with a message. */
const limits = {
  messages: { burst: 2_000, perSecond: 100 },
  requests: { burst: 100, perSecond: 10 },
};

/** Takes an event of a stream, if it may have one more. Comments are no messages, but they are read as events. */
export const createEventLimit = (): (() => boolean) => createBucket(limits.messages);

/** Levels of a message. With some thousands, `JSON.stringify` and comparisons overflow the stack, also far from here. */
const maxDepth = 500;

/**
 * Counts the messages of a server. Fails the connection if there are too many, because reading them takes the time of other work of the process, or if
 * one is nested too deeply.
 */
export function createMessageLimit(fail: (failure: Error) => void): (message: JSONRPCMessage) => void {
  const [takeMessage, takeRequest] = [createBucket(limits.messages), createBucket(limits.requests)];
  return (message) => {
    const isRequest = 'method' in message && 'id' in message;
    if (isDeeper(message, maxDepth)) fail(protocolError('The tool server sent a message that is nested too deeply.'));
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

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Goes level by level, so that depth takes no stack. */
function isDeeper(value: object, levels: number): boolean {
  let level = [value];
  for (let depth = 0; depth < levels; depth++) {
    level = level.flatMap((each) => Object.values(each).filter(isContainer));
    if (level.length === 0) return false;
  }
  return true;
}
