import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { trimEnd, trimStart } from '../../../contract/shared/trim.ts';

/** A step of a trace (W3C Trace Context, level 1), such as a request or a job. `state` holds the `tracestate` entries of other systems. */
export class Span {
  readonly traceId: string;
  /** `01` if the caller has recorded the trace, otherwise `00`. */
  readonly flags: string;
  readonly state: string | undefined;
  #spanId: string | undefined;

  constructor(traceId: string, flags = '00', state?: string) {
    this.traceId = traceId;
    this.flags = flags;
    this.state = state;
  }

  /** 16 hex digits, generated on first use. */
  get spanId(): string {
    this.#spanId ??= newSpanId();
    return this.#spanId;
  }
}

/** 32 hex digits, taken from a UUID: Node draws the entropy of many UUIDs at once, and a call for 16 random bytes costs ten times as much. */
export const newTraceId = (): string => randomUUID().replaceAll('-', '');

/** Uses only the random digits of a UUID. */
function newSpanId() {
  const uuid = randomUUID();
  return uuid.slice(24) + uuid.slice(0, 4);
}

/** The trace headers of a message: of a request, or of the payload of a job. */
export type TraceHeaders = Pick<IncomingHttpHeaders, string>;

/**
 * The span that a message begins. Its headers are used only if `isTrusted` returns true. Malformed headers are ignored and begin a new trace.
 * `X-Trace-Id` is our own header and takes precedence over a `traceparent` of another trace.
 */
export function spanOf(headers: TraceHeaders, isTrusted: () => boolean = () => true): Span {
  const { 'x-trace-id': named, traceparent, tracestate } = headers;
  if ((named === undefined && traceparent === undefined) || !isTrusted()) return new Span(newTraceId());
  const parent = readTraceparent(traceparent);
  const traceId = readTraceId(named) ?? parent?.traceId;
  if (traceId === undefined || traceId !== parent?.traceId) return new Span(traceId ?? newTraceId());
  return new Span(traceId, parent.flags, readTracestate(tracestate));
}

type Header = string | string[] | undefined;

/** 32 hex digits in either case, not all zero. */
const readTraceId = (header: Header) =>
  typeof header === 'string' && /^[0-9a-f]{32}$/i.test(header) && !isZero(header) ? header.toLowerCase() : undefined;

const isZero = (digits: string) => /^0+$/.test(digits);

/** `version-trace-span-flags`. Later versions may append fields. Version `ff` is invalid. */
function readTraceparent(header: Header): { traceId: string; flags: string } | undefined {
  if (typeof header !== 'string') return undefined;
  const [, version, traceId = '0', spanId = '0', flags = '', more] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(header) ?? [];
  if (version === 'ff' || (version === '00' && more !== undefined) || isZero(traceId) || isZero(spanId)) return undefined;
  // Only the sampled flag is known. Unknown flags are not passed on.
  return { traceId, flags: Number.parseInt(flags, 16) & 1 ? '01' : '00' };
}

const stateMember =
  /^(?:[a-z][_0-9a-z\-*/]{0,255}|[a-z0-9][_0-9a-z\-*/]{0,240}@[a-z][_0-9a-z\-*/]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const maxMembers = 32;
const maxStateLength = 512;

/** The list as received, without its oldest members if it is too long. Undefined if a member is malformed or a key is repeated. */
function readTracestate(header: Header): string | undefined {
  const members = `${header ?? ''}`
    .split(',')
    .map((member) => trimStart(trimEnd(member, ' \t'), ' \t'))
    .filter((member) => member !== '');
  const keys = new Set(members.map((member) => member.split('=', 1)[0]));
  if (members.length > maxMembers || keys.size < members.length || !members.every((member) => stateMember.test(member))) return undefined;
  while (members.join(',').length > maxStateLength) members.pop();
  return members.join(',') || undefined;
}

const current = new AsyncLocalStorage<Span>();

/** Runs `work`, and everything it starts, with `span` as the current span. */
export const withSpan = <T>(span: Span, work: () => T): T => current.run(span, work);

/** Runs `work` without a span, for work that does not belong to the request that triggered it. */
export const withoutSpan = <T>(work: () => T): T => current.exit(work);

export const currentSpan = (): Span | undefined => current.getStore();

/** The headers that make `span` the parent of the receiver. */
export const traceHeadersOf = (span: Span): { traceparent: string; tracestate?: string } => ({
  traceparent: `00-${span.traceId}-${span.spanId}-${span.flags}`,
  ...(span.state !== undefined && { tracestate: span.state }),
});

/** The headers of an outbound request, which is a span of its own in the trace. Empty without a current span. */
export function outboundTraceHeaders(): { traceparent?: string; tracestate?: string } {
  const span = current.getStore();
  return span ? traceHeadersOf(new Span(span.traceId, span.flags, span.state)) : {};
}
