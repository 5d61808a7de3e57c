import { z } from 'zod';
import { currentSpan, endWith, recordSpan, type SpanAttributes, spanOf, traceHeadersOf } from '../platform/telemetry/spans.ts';

const Traced = z.object({ trace_id: z.string(), traceparent: z.string().optional(), tracestate: z.string().optional() });

/** The trace fields of a job payload: the trace id, and the current span if it belongs to that trace and is a decided one. */
export function traceFields(traceId: string): z.infer<typeof Traced> {
  const span = currentSpan();
  return { trace_id: traceId, ...(span?.traceId === traceId && traceHeadersOf(span)) };
}

const messaging = { 'messaging.system': 'graphile_worker', 'messaging.operation.type': 'process', 'messaging.operation.name': 'process' };

/** Runs `work` in the span of a job, in the trace that its payload names. */
export function inJobSpan<T>(
  { task, id, attributes }: { task: string; id: string; attributes?: SpanAttributes },
  payload: unknown,
  work: () => Promise<T>,
): Promise<T> {
  const { trace_id, ...headers } = Traced.safeParse(payload).data ?? {};
  const span = recordSpan(spanOf({ 'x-trace-id': trace_id, ...headers }), () => ({
    name: `process ${task}`,
    kind: 'consumer',
    attributes: { ...messaging, 'messaging.destination.name': task, 'messaging.message.id': id, ...attributes },
  }));
  return endWith(span, work);
}
