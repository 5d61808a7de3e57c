import { type AnyValue, ROOT_CONTEXT, SeverityNumber, trace, TraceFlags } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import type { Resource } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { currentSpan } from '../spans.ts';
import type { OtelSettings } from './otelSettings.ts';

/** By the numbers of pino. */
const severities: { [level: number]: [SeverityNumber, string] } = {
  10: [SeverityNumber.TRACE, 'TRACE'],
  20: [SeverityNumber.DEBUG, 'DEBUG'],
  30: [SeverityNumber.INFO, 'INFO'],
  40: [SeverityNumber.WARN, 'WARN'],
  50: [SeverityNumber.ERROR, 'ERROR'],
  60: [SeverityNumber.FATAL, 'FATAL'],
};

/** Exports the lines of the log, in which secrets are already censored. */
export function startLogs(resource: Resource, { batch }: NonNullable<OtelSettings['logs']>, limits: OtelSettings['limits']) {
  const provider = new LoggerProvider({
    resource,
    logRecordLimits: limits,
    processors: [new BatchLogRecordProcessor({ ...batch, exporter: new OTLPLogExporter() })],
  });
  const logger = provider.getLogger('arkloop');

  /** `line` is a line of the log in JSON. */
  function write(line: string) {
    const { level, time, msg, trace_id: traceId, span_id: spanId, err, ...attributes } = JSON.parse(line) as LogLine;
    const [severityNumber, severityText] = severities[level] ?? [SeverityNumber.UNSPECIFIED, String(level)];
    logger.emit({
      timestamp: new Date(time),
      severityNumber,
      severityText,
      body: msg ?? '',
      attributes: { ...attributes, ...exceptionOf(err) },
      context: contextOf(traceId, spanId),
    });
  }
  return { write, shutDown: () => provider.shutdown() };
}

type LoggedError = { type?: string; message?: string; stack?: string };
type LogLine = { level: number; time: string; msg?: string; trace_id?: string; span_id?: string; err?: LoggedError } & Record<
  string,
  AnyValue
>;

const exceptionOf = (err: LoggedError | undefined) =>
  err && { 'exception.type': err.type, 'exception.message': err.message, 'exception.stacktrace': err.stack };

function contextOf(traceId: string | undefined, spanId: string | undefined) {
  if (!traceId || !spanId) return ROOT_CONTEXT;
  const span = currentSpan();
  const isSampled = span?.spanId === spanId && span.flags === '01';
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE });
}
