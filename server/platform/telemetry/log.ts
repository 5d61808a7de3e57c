import { setTimeout as sleep } from 'node:timers/promises';
import { destination, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from '../config/config.ts';
import { errorCodeOf } from '../operatorError.ts';
import { currentSpan } from './spans.ts';

export type Log = Logger;

/** Redacted at the top level of a record and one level below it. */
const secrets = ['authorization', 'cookie', 'set-cookie', 'password', 'secret', 'token', 'access_token', 'refresh_token', 'api_key'];
const redact = {
  paths: secrets.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.headers["${name}"]`]),
  censor: '******',
};

/** The logged fields of an error. Errors of libraries carry whole clients and requests, which are long and may hold secrets. */
export function errorFields(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  return { type: name, message, code: errorCodeOf(error), stack, ...(cause !== undefined && { cause: errorFields(cause) }) };
}

/** The ids of the current span. Empty if the record already names another trace. */
export function spanFields(record: { trace_id?: unknown }): object {
  const span = currentSpan();
  if (!span || (record.trace_id !== undefined && record.trace_id !== span.traceId)) return {};
  return { trace_id: span.traceId, span_id: span.spanId };
}

export const isPretty = ({ logMode }: Pick<Config, 'logMode'>) => (logMode ?? (process.stdout.isTTY ? 'pretty' : 'json')) === 'pretty';

/** Limit of the write buffer in bytes, for a slow reader or a full disk. Lines beyond it are dropped and counted. */
const maxBufferedBytes = 4 * 1024 * 1024;

/** Bytes that reach a pipe in one piece (`PIPE_BUF` of Linux). Lines of processes that share a pipe do not mix. */
const maxAtomicWrite = 4_096;

/** Which process of several wrote a line: the number of an API process, or `main` for the one that started them. */
export type ProcessLabel = number | 'main';

/**
 * Opens the log on standard output. A closed pipe or a full disk does not stop the process. `tap` receives every line too, as JSON whose secrets
 * are censored.
 */
export function openLog(config: Pick<Config, 'logLevel' | 'logMode'>, label?: ProcessLabel, tap?: (line: string) => void): Log {
  // `flush` waits for the write only if `minLength` is at least 1.
  const stream = destination({
    fd: 1,
    sync: isPretty(config),
    minLength: 1,
    maxLength: maxBufferedBytes,
    ...(label !== undefined && { maxWrite: maxAtomicWrite }),
  });
  stream.on('error', () => undefined);
  // By default, the process exits only after the last line is written, which never happens on a full disk.
  stream.flushSync = () => undefined;
  const log = logTo(stream, config, label, tap);
  let dropped = 0;
  stream.on('drop', () => dropped++);
  stream.on('drain', () => {
    if (dropped > 0) log.warn({ dropped }, 'lines of the log were dropped');
    dropped = 0;
  });
  return log;
}

/** Resolves once everything is written, writing fails, or 1 s has passed. */
export async function flushLog(log: Log): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  log.flush(() => resolve());
  await Promise.race([promise, sleep(1_000, undefined, { ref: false })]);
}

function logTo(
  stream: ReturnType<typeof destination>,
  config: Pick<Config, 'logLevel' | 'logMode'>,
  label?: ProcessLabel,
  tap?: (line: string) => void,
): Log {
  const timestamp = () => `,"time":"${new Date().toISOString()}"`;
  const base = label === undefined ? null : { process: label };
  const options = { level: config.logLevel, base, redact, timestamp, mixin: spanFields, serializers: { err: errorFields } };
  if (!isPretty(config)) return pino(options, tap ? withTap(stream, tap) : stream);
  const colored = pretty({ colorize: process.stdout.isTTY === true, translateTime: 'SYS:HH:MM:ss', destination: stream });
  return pino(options, tap ? withTap(colored, tap) : colored);
}

function withTap<S extends { write(line: string): boolean }>(stream: S, tap: (line: string) => void): S {
  const write = stream.write.bind(stream);
  stream.write = (line) => {
    tap(line);
    return write(line);
  };
  return stream;
}
