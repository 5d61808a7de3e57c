import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { trimEnd, trimStart } from '../../../contract/shared/text.ts';

type Attribute = string | number | boolean | string[];
/** Undefined values are left out. Never holds secrets, prompts, answers, or values that users choose freely, such as paths and messages of errors. */
export type SpanAttributes = { [name: string]: Attribute | undefined };

export type SpanStart = { name: string; kind: 'internal' | 'server' | 'client' | 'consumer'; attributes?: SpanAttributes };

/** `name` replaces the first name. `errorType` marks the span as failed: a class or code of an error, of which there are few. */
export type SpanEnd = { name?: string; attributes?: SpanAttributes; errorType?: string | undefined };

/** A span that OpenTelemetry has begun. It is exported after `end`, if its trace is sampled. */
export type Recording = { spanId: string; flags: string; end(how: SpanEnd): void };

/** The parent of a recorded span. Without `spanId`, the span is the first of its trace. */
export type SpanParent = { traceId: string; spanId: string | undefined; flags: string; state: string | undefined; isRemote: boolean };

/** A step of a trace (W3C Trace Context, level 1), such as a request or a job. `state` holds the `tracestate` entries of other systems. */
export class Span {
  readonly traceId: string;
  /** `01` if the trace is recorded: by the caller, or by this process with OpenTelemetry. Otherwise `00`, also if nobody has decided. */
  readonly flags: string;
  readonly state: string | undefined;
  /** The span of the caller. */
  readonly parentId: string | undefined;
  readonly recording: Recording | undefined;
  #spanId: string | undefined;

  constructor(traceId: string, flags = '00', state?: string, { parentId, recording }: { parentId?: string; recording?: Recording } = {}) {
    this.traceId = traceId;
    this.flags = recording?.flags ?? flags;
    this.state = state;
    this.parentId = parentId;
    this.recording = recording;
    this.#spanId = recording?.spanId;
  }

  /** 16 hex digits, generated on first use. */
  get spanId(): string {
    this.#spanId ??= newSpanId();
    return this.#spanId;
  }

  /** Whether the caller or this process has decided if the trace is recorded. */
  get isDecided(): boolean {
    return this.recording !== undefined || this.parentId !== undefined;
  }

  /** Ends the recording, if there is one. */
  end(how: SpanEnd = {}): void {
    this.recording?.end(how);
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
  return new Span(traceId, parent.flags, readTracestate(tracestate), { parentId: parent.spanId });
}

type Header = string | string[] | undefined;

/** 32 hex digits in either case, not all zero. */
const readTraceId = (header: Header) =>
  typeof header === 'string' && /^[0-9a-f]{32}$/i.test(header) && !isZero(header) ? header.toLowerCase() : undefined;

const isZero = (digits: string) => /^0+$/.test(digits);

/** `version-trace-span-flags`. Later versions may append fields. Version `ff` is invalid. */
function readTraceparent(header: Header): { traceId: string; spanId: string; flags: string } | undefined {
  if (typeof header !== 'string') return undefined;
  const [, version, traceId = '0', spanId = '0', flags = '', more] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(header) ?? [];
  if (version === 'ff' || (version === '00' && more !== undefined) || isZero(traceId) || isZero(spanId)) return undefined;
  // Only the sampled flag is known. Unknown flags are not passed on.
  return { traceId, spanId, flags: Number.parseInt(flags, 16) & 1 ? '01' : '00' };
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

type ContextHeaders = { traceparent: string; tracestate?: string };

const contextHeadersOf = (span: Span): ContextHeaders => ({
  traceparent: `00-${span.traceId}-${span.spanId}-${span.flags}`,
  ...(span.state !== undefined && { tracestate: span.state }),
});

/**
 * The headers that make `span` the parent of another process of ours. Empty if nobody has decided whether the trace is recorded: the flag `00` would
 * decide against it. The receiver then begins the trace under the id that it gets beside these headers.
 */
export const traceHeadersOf = (span: Span): Partial<ContextHeaders> => (span.isDecided ? contextHeadersOf(span) : {});

/** The headers of an outbound request to another system, which is a span of its own in the trace. Empty without a current span. */
export function outboundTraceHeaders(): Partial<ContextHeaders> {
  const span = current.getStore();
  if (!span) return {};
  return contextHeadersOf(span.recording ? span : new Span(span.traceId, span.flags, span.state));
}

let recorder: ((parent: SpanParent, start: SpanStart) => Recording) | undefined;

/** Records spans from now on. Without a recorder, spans are only ids. */
export const setSpanRecorder = (next: typeof recorder): void => {
  recorder = next;
};

export const isRecording = (): boolean => recorder !== undefined;

/** The same step, recorded. `span` itself without a recorder, which is the only one to call `start`. */
export function recordSpan(span: Span, start: () => SpanStart): Span {
  if (!recorder) return span;
  const { traceId, parentId, flags, state } = span;
  const recording = recorder({ traceId, spanId: parentId, flags, state, isRemote: true }, start());
  return new Span(traceId, flags, state, { ...(parentId !== undefined && { parentId }), recording });
}

/** Begins a child of the current span. Undefined without a recorder. */
export function startSpan(start: () => SpanStart): Span | undefined {
  if (!recorder) return undefined;
  const span = currentSpan() ?? new Span(newTraceId());
  // The id of a span that is not recorded would name a parent that no backend knows.
  if (!span.recording) return recordSpan(span, start);
  const { traceId, spanId, flags, state } = span;
  const recording = recorder({ traceId, spanId, flags, state, isRemote: false }, start());
  return new Span(traceId, flags, state, { parentId: spanId, recording });
}

/** Runs `work` in a child of the current span, which ends with it. Without a recorder, it only runs `work`. */
export async function inSpan<T>(start: () => SpanStart, work: () => Promise<T>, endOf?: (result: T) => SpanEnd): Promise<T> {
  const span = startSpan(start);
  return span ? await endWith(span, work, endOf) : await work();
}

/** Runs `work` with `span` as the current span, and ends the span. */
export async function endWith<T>(span: Span, work: () => Promise<T>, endOf?: (result: T) => SpanEnd): Promise<T> {
  try {
    const result = await withSpan(span, work);
    span.end(endOf?.(result));
    return result;
  } catch (error) {
    span.end({ errorType: errorTypeOf(error) });
    throw error;
  }
}

/** The class of an error. Its message may contain what must not be exported. */
const errorTypeOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

/** Iterates over `events`, with `span` as the current span of their source. */
export async function* iterateWith<T>(span: Span, events: AsyncIterable<T>): AsyncGenerator<T, void> {
  const source = events[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await withSpan(span, () => source.next());
      if (step.done) return;
      yield step.value;
    }
  } finally {
    await source.return?.();
  }
}
