import { setTimeout as sleep } from 'node:timers/promises';
import { destination, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from './config.ts';
import { codeOf } from './operatorError.ts';
import { currentSpan } from './spans.ts';

/** The structured log of a process. */
export type Log = Logger;

/** Never written, wherever a caller puts them: at most one level below the top of a record. */
const secrets = ['authorization', 'cookie', 'set-cookie', 'password', 'secret', 'token', 'access_token', 'refresh_token', 'api_key'];
const redact = {
  paths: secrets.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.headers["${name}"]`]),
  censor: '******',
};

/** What is logged of an error. Errors of libraries carry whole clients and requests, which are long and may hold secrets. */
export function errorFields(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  return { type: name, message, code: codeOf(error), stack, ...(cause !== undefined && { cause: errorFields(cause) }) };
}

/** What a line says of the span it is written in, unless it is about another trace. */
export function spanFields(record: { trace_id?: unknown }): object {
  const span = currentSpan();
  if (!span || (record.trace_id !== undefined && record.trace_id !== span.traceId)) return {};
  return { trace_id: span.traceId, span_id: span.spanId };
}

/** Whether lines are made for people rather than machines. */
export const isPretty = ({ logMode }: Pick<Config, 'logMode'>) => (logMode ?? (process.stdout.isTTY ? 'pretty' : 'json')) === 'pretty';

/** What may wait for a reader that is slow or a disk that is full, in bytes; lines beyond it are dropped and counted. */
const mostWaiting = 4 * 1024 * 1024;

/** Open the log on standard output; a reader that goes away, or a full disk, never stops the process. */
export function openLog(config: Pick<Config, 'logLevel' | 'logMode'>): Log {
  // With a least length of one byte `flush` tells when everything is written; with none it would not wait.
  const stream = destination({ fd: 1, sync: isPretty(config), minLength: 1, maxLength: mostWaiting });
  stream.on('error', () => undefined);
  // As it is, a process would end only when the last line is written, which on a full disk is never.
  stream.flushSync = () => undefined;
  const log = logTo(stream, config);
  let dropped = 0;
  stream.on('drop', () => dropped++);
  stream.on('drain', () => {
    if (dropped > 0) log.warn({ dropped }, 'lines of the log were dropped');
    dropped = 0;
  });
  return log;
}

/** Resolves once everything is written, cannot be written, or has been waited for a second. */
export async function flushLog(log: Log): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  log.flush(() => resolve());
  await Promise.race([promise, sleep(1_000, undefined, { ref: false })]);
}

function logTo(stream: ReturnType<typeof destination>, config: Pick<Config, 'logLevel' | 'logMode'>): Log {
  const timestamp = () => `,"time":"${new Date().toISOString()}"`;
  const options = { level: config.logLevel, base: null, redact, timestamp, mixin: spanFields, serializers: { err: errorFields } };
  if (!isPretty(config)) return pino(options, stream);
  return pino(options, pretty({ colorize: process.stdout.isTTY === true, translateTime: 'SYS:HH:MM:ss', destination: stream }));
}
