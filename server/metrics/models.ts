import { Counter, Histogram } from 'prom-client';
import type { Usage } from '../../contract/events.ts';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';
import { boundedLabel, longDurationBuckets } from './labels.ts';
import type { MetricGroup } from './metricGroup.ts';

/** Maximum number of distinct model labels, because accounts choose the names. */
const maxModels = 100;

/** Model calls and token usage, in workers and in the model tests of the API. */
export const modelMetrics: MetricGroup = ({ registers }) => {
  const calls = new Counter({
    name: 'arkloop_llm_calls_total',
    help: 'Questions to models, by outcome: answered, retryable or non_retryable failure, or abandoned by who asked.',
    labelNames: ['provider', 'outcome'],
    registers,
  });
  const times = new Histogram({
    name: 'arkloop_llm_call_duration_seconds',
    help: 'Time from a question to the end of its answer or to its failure.',
    labelNames: ['provider'],
    buckets: longDurationBuckets,
    registers,
  });
  const retries = new Counter({
    name: 'arkloop_llm_retries_total',
    help: 'Questions that were asked again after a retryable failure.',
    registers,
  });
  const tokens = new Counter({
    name: 'arkloop_llm_tokens_total',
    help: 'Tokens as providers report them, at most what a call can have used, by kind: input, output, cached (read from a cache) and cache_write. The first 100 models have a name, the rest is other.',
    labelNames: ['provider', 'model', 'kind'],
    registers,
  });
  const excess = new Counter({
    name: 'arkloop_llm_excess_tokens_total',
    help: 'Tokens that providers reported beyond what a call can have used. They are not counted as used.',
    labelNames: ['provider'],
    registers,
  });
  const named = boundedLabel(maxModels);
  return [
    metricsEvents.modelCalled.on(({ provider, model, outcome, seconds, usage }) => {
      calls.inc({ provider, outcome });
      times.observe({ provider }, seconds);
      if (usage?.excess_tokens) excess.inc({ provider }, usage.excess_tokens);
      for (const [kind, count] of Object.entries(kindsOf(usage)))
        if (count) tokens.inc({ provider, model: named(model.slice(0, 100)), kind }, count);
    }),
    metricsEvents.modelRetried.on(() => retries.inc()),
  ];
};

const kindsOf = (usage: Usage = {}) => ({
  input: usage.input_tokens,
  output: usage.output_tokens,
  cached: usage.cache_read_input_tokens ?? usage.cached_tokens,
  cache_write: usage.cache_creation_input_tokens,
});
