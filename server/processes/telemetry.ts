import type { Registry } from 'prom-client';
import type { Role } from '../platform/config/config.ts';
import type { Log, ProcessLabel } from '../platform/telemetry/log.ts';
import { readOtelSettings } from '../platform/telemetry/otel/otelSettings.ts';

/** The telemetry of a process, which is exported to a collector. */
export type Telemetry = {
  /** Exports a line of the log; undefined if logs are off. */
  writeLog: ((line: string) => void) | undefined;
  /** Whether the metrics of the process are exported. */
  hasMetrics: boolean;
  reportTo(log: Log): void;
  /** Exports the metrics of the registry. Returns the function that sends the last ones. */
  exportMetrics(registry: Registry): Promise<() => Promise<void>>;
  shutDown(): Promise<void>;
};

/** Starts the SDK of OpenTelemetry if the environment names a collector. Otherwise, none of it is loaded. */
export async function openTelemetry(
  env: NodeJS.ProcessEnv,
  role: Role,
  label?: ProcessLabel,
): Promise<{ telemetry: Telemetry | undefined; warnings: string[] }> {
  const { settings, warnings } = readOtelSettings(env);
  if (!settings || role === 'migrate') return { telemetry: undefined, warnings };
  const { startSdk } = await import('../platform/telemetry/otel/sdk.ts');
  const serviceName = role === 'all' ? 'arkloop' : `arkloop-${role}`;
  const sdk = await startSdk(settings, { serviceName, processName: label?.toString() });
  const telemetry: Telemetry = {
    writeLog: sdk.writeLog,
    hasMetrics: settings.metrics !== undefined,
    reportTo: (log) => sdk.onProblem((problem) => log.warn({ problem }, 'telemetry was not exported')),
    async exportMetrics(registry) {
      if (!settings.metrics) return async () => undefined;
      const { startOtlpMetrics } = await import('../metrics/otlp/otlpMetrics.ts');
      return startOtlpMetrics(sdk.resource, settings.metrics, registry);
    },
    shutDown: sdk.shutDown,
  };
  return { telemetry, warnings };
}
