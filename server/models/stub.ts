import { setTimeout as wait } from 'node:timers/promises';
import type { Model } from './model.ts';
import type { StubRoute } from './route.ts';

/** A model without a provider: `deltaCount` fixed texts with a pause between them, no usage. */
export function openStub({ deltaCount, deltaIntervalSeconds }: StubRoute): Model {
  return {
    async *stream(_request, signal, observer) {
      observer?.onSent();
      let text = '';
      for (let n = 1; n <= deltaCount; n++) {
        signal.throwIfAborted();
        if (n > 1) await wait(deltaIntervalSeconds * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
        const delta = `stub delta ${n}`;
        text += delta;
        yield { type: 'text', text: delta };
      }
      yield { type: 'finish', text, tool_calls: [] };
    },
  };
}
