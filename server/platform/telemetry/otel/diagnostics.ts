import { diag, DiagLogLevel } from '@opentelemetry/api';
import { setGlobalErrorHandler } from '@opentelemetry/core';
import { errorCodeOf } from '../../operatorError.ts';
import { withoutSpan } from '../spans.ts';

const quietMs = 60_000;

export type Problem = { message: string; suppressed: number };

/**
 * Reports problems of the SDK, at most one in a minute: while the collector is away, every export fails. Errors of exports may contain the answer of the
 * collector, so only their message and code are reported.
 */
export function reportProblems(report: (problem: Problem) => void): void {
  let quietUntil = 0;
  let suppressed = 0;
  const tell = (message: string) => {
    const now = performance.now();
    if (now < quietUntil) return void suppressed++;
    quietUntil = now + quietMs;
    const problem = { message, suppressed };
    suppressed = 0;
    withoutSpan(() => report(problem));
  };
  const ignore = () => undefined;
  diag.setLogger({ error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore }, { logLevel: DiagLogLevel.WARN });
  setGlobalErrorHandler((error) => {
    const { message } = error instanceof Error ? error : new Error(typeof error === 'string' ? error : 'unknown');
    const code = errorCodeOf(error);
    tell(code === undefined || message.includes(`${code}`) ? message : `${message} (${code})`);
  });
}
