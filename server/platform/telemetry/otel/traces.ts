import { createTraceState, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type { Resource } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  RandomIdGenerator,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { type Recording, setSpanRecorder, type SpanParent, type SpanStart } from '../spans.ts';
import type { OtelSettings, SamplerName } from './otelSettings.ts';

const kinds = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER };

const samplerOf: { [Name in SamplerName]: (ratio: number) => Sampler } = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio) => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
};

/** Exports the spans of this process from now on. Returns the function that sends the rest and ends it. */
export function startTraces(
  resource: Resource,
  { batch, sampler, ratio }: NonNullable<OtelSettings['traces']>,
  limits: OtelSettings['limits'],
) {
  // A new trace gets the id that the response names, which may be one of the caller.
  const ids = Object.assign(new RandomIdGenerator(), { traceId: '', generateTraceId: () => ids.traceId });
  const provider = new TracerProvider({
    resource,
    sampler: samplerOf[sampler](ratio),
    spanLimits: limits,
    idGenerator: ids,
    spanProcessors: [new BatchSpanProcessor({ ...batch, exporter: new OTLPTraceExporter() })],
  });
  const tracer = provider.getTracer('arkloop');

  function record({ traceId, spanId, flags, state, isRemote }: SpanParent, { name, kind, attributes = {} }: SpanStart): Recording {
    ids.traceId = traceId;
    const parent = spanId && {
      traceId,
      spanId,
      traceFlags: flags === '01' ? TraceFlags.SAMPLED : TraceFlags.NONE,
      isRemote,
      ...(state !== undefined && { traceState: createTraceState(state) }),
    };
    const context = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
    const span = tracer.startSpan(name, { kind: kinds[kind], attributes }, context);
    const own = span.spanContext();
    return {
      spanId: own.spanId,
      flags: own.traceFlags & TraceFlags.SAMPLED ? '01' : '00',
      end({ name: last, attributes: more, errorType }) {
        if (last !== undefined) span.updateName(last);
        if (more) span.setAttributes(more);
        if (errorType !== undefined) span.setAttribute('error.type', errorType).setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  }

  setSpanRecorder(record);
  return async () => {
    setSpanRecorder(undefined);
    await provider.shutdown();
  };
}
