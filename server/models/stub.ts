import { setTimeout as wait } from 'node:timers/promises';
import type { CallObserver, Model, ModelEvent } from './model.ts';
import type { StubRoute } from './route.ts';

/** A model without a provider: `deltaCount` fixed texts with a pause between them, no usage. */
export const openStub = (route: StubRoute): Model => ({ stream: (_request, signal, observer) => streamDeltas(route, signal, observer) });

async function* streamDeltas(
  { deltaCount, deltaIntervalSeconds }: StubRoute,
  signal: AbortSignal,
  observer: CallObserver | undefined,
): AsyncGenerator<ModelEvent> {
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
}
