import type { Meter } from '@opentelemetry/api';
import { providerNameOf } from '../../models/modelMetrics.ts';
import { metricsEvents } from '../../platform/telemetry/metricsEvents.ts';
import { boundedLabel, longDurationBuckets, methodLabel, shortDurationBuckets } from '../labels.ts';

/** Maximum number of distinct models, because accounts choose the names. */
const maxModels = 100;

/** Histogram boundaries that the semantic conventions recommend for tokens. */
const tokenBuckets = Array.from({ length: 14 }, (_, power) => 4 ** power);

/** Metrics of the semantic conventions, which dashboards of vendors read. Returns functions that unsubscribe. */
export function recordSemanticMetrics(meter: Meter): (() => void)[] {
  const seconds = (boundaries: number[], description: string) => ({
    unit: 's',
    description,
    advice: { explicitBucketBoundaries: boundaries },
  });
  const requests = meter.createHistogram('http.server.request.duration', seconds(shortDurationBuckets, 'Duration of requests to the API.'));
  const calls = meter.createHistogram('gen_ai.client.operation.duration', seconds(longDurationBuckets, 'Duration of calls to models.'));
  const tokens = meter.createHistogram('gen_ai.client.token.usage', {
    unit: '{token}',
    description: 'Tokens of calls to models.',
    advice: { explicitBucketBoundaries: tokenBuckets },
  });
  const named = boundedLabel(maxModels);
  return [
    metricsEvents.requestHandled.on(({ method, route, status, seconds: duration }) => {
      requests.record(duration, {
        'http.request.method': methodLabel(method),
        'http.route': route,
        'http.response.status_code': status,
        ...(status >= 500 && { 'error.type': String(status) }),
      });
    }),
    metricsEvents.modelCalled.on(({ provider, model, outcome, seconds: duration, usage }) => {
      const attributes = {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': providerNameOf(provider),
        'gen_ai.request.model': named(model.slice(0, 100)),
      };
      calls.record(duration, { ...attributes, ...(outcome !== 'answered' && { 'error.type': outcome }) });
      for (const [type, count] of [['input', usage?.input_tokens] as const, ['output', usage?.output_tokens] as const])
        if (count) tokens.record(count, { ...attributes, 'gen_ai.token.type': type });
    }),
  ];
}
