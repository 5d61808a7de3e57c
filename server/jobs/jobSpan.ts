import { z } from 'zod';
import { currentSpan, type Span, spanOf, traceHeadersOf } from '../platform/telemetry/spans.ts';

const Traced = z.object({ trace_id: z.string(), traceparent: z.string().optional(), tracestate: z.string().optional() });

/** The trace fields of a job payload: the trace id, and the current span if it belongs to that trace. */
export function traceFields(traceId: string): z.infer<typeof Traced> {
  const span = currentSpan();
  return { trace_id: traceId, ...(span?.traceId === traceId && traceHeadersOf(span)) };
}

/** The span of a job, in the trace that its payload names. */
export function jobSpan(payload: unknown): Span {
  const { trace_id, ...headers } = Traced.safeParse(payload).data ?? {};
  return spanOf({ 'x-trace-id': trace_id, ...headers });
}
