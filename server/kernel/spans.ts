import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { trimEnd, trimStart } from '../../contract/shared/trim.ts';

/** One step of a trace (W3C Trace Context, level 1): a request, a job. `state` is what other systems on the way want to be kept. */
export class Span {
  readonly traceId: string;
  /** `01` where the caller has recorded the trace, else `00`. */
  readonly flags: string;
  readonly state: string | undefined;
  #spanId: string | undefined;

  constructor(traceId: string, flags = '00', state?: string) {
    this.traceId = traceId;
    this.flags = flags;
    this.state = state;
  }

  /** 16 hex digits, made when somebody wants to know. */
  get spanId(): string {
    this.#spanId ??= newSpanId();
    return this.#spanId;
  }
}

/** A trace id of our own: 32 hex digits. Node draws the entropy of many UUIDs at once; a call for 16 bytes costs ten times as much. */
export const newTraceId = (): string => randomUUID().replaceAll('-', '');

/** The digits of a UUID that are random. */
function newSpanId() {
  const uuid = randomUUID();
  return uuid.slice(24) + uuid.slice(0, 4);
}

/** What a message says about its trace: headers, or the payload of a job. */
export type TraceHeaders = Pick<IncomingHttpHeaders, string>;

/**
 * The span of what a message begins. Its own headers count where `isTrusted` says so; what is malformed is as good as absent and begins a new
 * trace. `X-Trace-Id` is our own name for the trace and wins over a `traceparent` of another one.
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

/** 32 hex digits in either case, of which one is not zero. */
const readTraceId = (header: Header) =>
  typeof header === 'string' && /^[0-9a-f]{32}$/i.test(header) && !isZero(header) ? header.toLowerCase() : undefined;

const isZero = (digits: string) => /^0+$/.test(digits);

/** `version-trace-span-flags`; a later version may say more behind that, `ff` is none. */
function readTraceparent(header: Header): { traceId: string; flags: string } | undefined {
  if (typeof header !== 'string') return undefined;
  const [, version, traceId = '0', spanId = '0', flags = '', more] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(header) ?? [];
  if (version === 'ff' || (version === '00' && more !== undefined) || isZero(traceId) || isZero(spanId)) return undefined;
  // Other flags are not known, and what is not known is not passed on.
  return { traceId, flags: Number.parseInt(flags, 16) & 1 ? '01' : '00' };
}

const stateMember =
  /^(?:[a-z][_0-9a-z\-*/]{0,255}|[a-z0-9][_0-9a-z\-*/]{0,240}@[a-z][_0-9a-z\-*/]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const mostMembers = 32;
const longestState = 512;

/** The list as it came, cut behind its newest members where it is long; nothing where a member is malformed or named twice. */
function readTracestate(header: Header): string | undefined {
  const members = `${header ?? ''}`
    .split(',')
    .map((member) => trimStart(trimEnd(member, ' \t'), ' \t'))
    .filter((member) => member !== '');
  const keys = new Set(members.map((member) => member.split('=', 1)[0]));
  if (members.length > mostMembers || keys.size < members.length || !members.every((member) => stateMember.test(member))) return undefined;
  while (members.join(',').length > longestState) members.pop();
  return members.join(',') || undefined;
}

const current = new AsyncLocalStorage<Span>();

/** Do something as a part of a span, with all that it begins. */
export const within = <T>(span: Span, work: () => T): T => current.run(span, work);

/** Do something that belongs to no span, whoever happens to have caused it. */
export const withinNone = <T>(work: () => T): T => current.exit(work);

/** The span that the running code is a part of. */
export const currentSpan = (): Span | undefined => current.getStore();

/** What a message of a span says about it: the receiver's parent is the span itself. */
export const headersOf = (span: Span): { traceparent: string; tracestate?: string } => ({
  traceparent: `00-${span.traceId}-${span.spanId}-${span.flags}`,
  ...(span.state !== undefined && { tracestate: span.state }),
});

/** What a request to another system says, which is a step of its own in the trace. Without a span, nothing. */
export function stepHeaders(): { traceparent?: string; tracestate?: string } {
  const span = current.getStore();
  return span ? headersOf(new Span(span.traceId, span.flags, span.state)) : {};
}
