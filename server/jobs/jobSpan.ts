import { z } from 'zod';
import { currentSpan, headersOf, type Span, spanOf } from '../kernel/spans.ts';

const Traced = z.object({ trace_id: z.string(), traceparent: z.string().optional(), tracestate: z.string().optional() });

/** What the payload of a job says about the trace `traceId`: also who queued it, where that is part of the same trace. */
export function traceFacts(traceId: string): z.infer<typeof Traced> {
  const span = currentSpan();
  return { trace_id: traceId, ...(span?.traceId === traceId && headersOf(span)) };
}

/** The span of a job, in the trace that its payload names. */
export function jobSpan(payload: unknown): Span {
  const { trace_id, ...headers } = Traced.safeParse(payload).data ?? {};
  return spanOf({ 'x-trace-id': trace_id, ...headers });
}
