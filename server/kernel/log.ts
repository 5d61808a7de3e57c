import { destination, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from './config.ts';
import { codeOf } from './operatorError.ts';

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

/** Whether lines are made for people rather than machines. */
export const isPretty = ({ logMode }: Pick<Config, 'logMode'>) => (logMode ?? (process.stdout.isTTY ? 'pretty' : 'json')) === 'pretty';

/** Open the log on standard output; a reader that goes away, or a full disk, never stops the process. */
export function openLog(config: Pick<Config, 'logLevel' | 'logMode'>): Log {
  const stream = destination({ fd: 1, sync: isPretty(config) });
  stream.on('error', () => undefined);
  const timestamp = () => `,"time":"${new Date().toISOString()}"`;
  const options = { level: config.logLevel, base: null, redact, timestamp, serializers: { err: errorFields } };
  if (!isPretty(config)) return pino(options, stream);
  return pino(options, pretty({ colorize: process.stdout.isTTY === true, translateTime: 'SYS:HH:MM:ss', destination: stream }));
}
