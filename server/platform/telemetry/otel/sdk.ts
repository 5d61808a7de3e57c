import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { detectResources, envDetector, type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { type Problem, reportProblems } from './diagnostics.ts';
import type { OtelSettings } from './otelSettings.ts';

/** The running SDK of OpenTelemetry. */
export type Sdk = {
  resource: Resource;
  /** Exports a line of the log; undefined if logs are off. */
  writeLog: ((line: string) => void) | undefined;
  onProblem(report: (problem: Problem) => void): void;
  /** Sends what is left, for at most `maxFlushMs`. */
  shutDown(): Promise<void>;
};

/** How long the last exports may take, in milliseconds. */
const maxFlushMs = 3_000;

const { version } = JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')) as { version: string };

/** Starts traces and logs. This file and its imports are loaded only if a signal is on. */
export async function startSdk(
  settings: OtelSettings,
  { serviceName, processName }: { serviceName: string; processName: string | undefined },
): Promise<Sdk> {
  const resource = resourceFromAttributes({
    'service.name': settings.serviceName ?? serviceName,
    'service.version': version,
    'service.instance.id': randomUUID(),
    'host.name': hostname(),
    'process.pid': process.pid,
    ...(processName !== undefined && { 'arkloop.process': processName }),
  }).merge(detectResources({ detectors: [envDetector] }));
  const { traces, logs, limits } = settings;
  const endTraces = traces && (await import('./traces.ts')).startTraces(resource, traces, limits);
  const exportedLog = logs && (await import('./logs.ts')).startLogs(resource, logs, limits);
  return {
    resource,
    writeLog: exportedLog?.write,
    onProblem: reportProblems,
    shutDown: () => withinFlushTime([endTraces, exportedLog?.shutDown].flatMap((end) => (end ? [end()] : []))),
  };
}

/** Waits for the last exports, and ignores their errors. */
export async function withinFlushTime(exports: readonly Promise<void>[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const late = setTimeout(resolve, maxFlushMs);
  await Promise.race([Promise.allSettled(exports), promise]);
  clearTimeout(late);
}
