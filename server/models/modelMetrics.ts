import { metricsEvents, type ModelOutcome } from '../platform/telemetry/metricsEvents.ts';
import { isRecording, iterateWith, type SpanAttributes, type SpanStart, startSpan } from '../platform/telemetry/spans.ts';
import { type Model, ModelError, type ModelEvent, type ModelRequest, type Usage } from './model.ts';

type Names = { provider_kind: string; model: string; base_url?: string | null };

/** Records a span and emits a metrics event for each call, if there is a recorder or a listener. */
export const withMetrics = (route: Names, model: Model): Model => ({
  stream(request, signal, observer) {
    const call = () => model.stream(request, signal, observer);
    return metricsEvents.modelCalled.hasListeners || isRecording() ? watched(route, request, call) : call();
  },
});

type Finish = Extract<ModelEvent, { type: 'finish' }>;

async function* watched(route: Names, request: ModelRequest, call: () => AsyncIterable<ModelEvent>): AsyncGenerator<ModelEvent> {
  const began = performance.now();
  const span = startSpan(() => startOf(route, request));
  let outcome: ModelOutcome = 'abandoned';
  let usage: Usage | undefined;
  let finish: Finish | undefined;
  let errorType: string | undefined;
  try {
    for await (const event of span ? iterateWith(span, call()) : call()) {
      if (event.type === 'finish') [outcome, usage, finish] = ['answered', event.usage, event];
      yield event;
    }
  } catch (error) {
    if (error instanceof ModelError) {
      [outcome, usage] = [error.errorClass === 'provider.retryable' ? 'retryable' : 'non_retryable', error.usage];
      errorType = errorTypeOf(error);
    }
    throw error;
  } finally {
    const seconds = (performance.now() - began) / 1_000;
    metricsEvents.modelCalled.emit({ provider: route.provider_kind, model: route.model, outcome, seconds, usage });
    span?.end({
      attributes: { ...finishAttributes(finish), ...usageAttributes(usage) },
      errorType: outcome === 'answered' ? undefined : (errorType ?? outcome),
    });
  }
}

/** The status of the provider, if it answered with one. */
const errorTypeOf = ({ errorClass, details: { status_code: status } }: ModelError) =>
  typeof status === 'number' ? String(status) : errorClass;

/** Names of providers in the semantic conventions of OpenTelemetry. */
const providerNames: { [kind: string]: string } = { gemini: 'gcp.gemini', stub: 'arkloop.stub' };
export const providerNameOf = (kind: string): string => providerNames[kind] ?? kind;

/** Attributes of the semantic conventions for generative AI. Neither messages nor definitions of tools. */
const startOf = ({ provider_kind, model, base_url }: Names, request: ModelRequest): SpanStart => ({
  name: `chat ${model}`,
  kind: 'client',
  attributes: {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': providerNameOf(provider_kind),
    'gen_ai.request.model': model,
    'gen_ai.request.max_tokens': request.max_output_tokens,
    'gen_ai.request.temperature': request.temperature,
    'gen_ai.request.top_p': request.top_p,
    'gen_ai.request.seed': request.seed,
    'gen_ai.output.type': request.json_format ? 'json' : 'text',
    'server.address': base_url && URL.canParse(base_url) ? new URL(base_url).hostname : undefined,
  },
});

const finishAttributes = (finish: Finish | undefined): SpanAttributes | undefined =>
  finish && { 'gen_ai.response.finish_reasons': [finish.cut ?? (finish.tool_calls.length > 0 ? 'tool_calls' : 'stop')] };

export const usageAttributes = (usage: Usage = {}): SpanAttributes => ({
  'gen_ai.usage.input_tokens': usage.input_tokens,
  'gen_ai.usage.output_tokens': usage.output_tokens,
  'gen_ai.usage.cache_read.input_tokens': usage.cache_read_input_tokens ?? usage.cached_tokens,
  'gen_ai.usage.cache_creation.input_tokens': usage.cache_creation_input_tokens,
});
