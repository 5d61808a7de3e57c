import { metricsEvents, type ModelOutcome } from '../platform/telemetry/metricsEvents.ts';
import { type Model, ModelError, type ModelEvent, type Usage } from './model.ts';

/** Emits a metrics event for each call, if there is a listener. */
export const withMetrics = ({ provider_kind: provider, model: name }: { provider_kind: string; model: string }, model: Model): Model => ({
  stream(request, signal, observer) {
    const events = model.stream(request, signal, observer);
    return metricsEvents.modelCalled.hasListeners ? watched({ provider, model: name }, events) : events;
  },
});

async function* watched(names: { provider: string; model: string }, events: AsyncIterable<ModelEvent>): AsyncGenerator<ModelEvent> {
  const began = performance.now();
  let outcome: ModelOutcome = 'abandoned';
  let usage: Usage | undefined;
  try {
    for await (const event of events) {
      if (event.type === 'finish') [outcome, usage] = ['answered', event.usage];
      yield event;
    }
  } catch (error) {
    if (error instanceof ModelError)
      [outcome, usage] = [error.errorClass === 'provider.retryable' ? 'retryable' : 'non_retryable', error.usage];
    throw error;
  } finally {
    metricsEvents.modelCalled.emit({ ...names, outcome, seconds: (performance.now() - began) / 1_000, usage });
  }
}
