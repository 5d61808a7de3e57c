import type { Variable } from '../../config/configVariables.ts';
import { otelVariables, type Signal, signals } from '../../config/otelVariables.ts';

type BatchSettings = {
  scheduledDelayMillis: number;
  exportTimeoutMillis: number;
  maxQueueSize: number;
  maxExportBatchSize: number;
};

const samplers = otelVariables.OTEL_TRACES_SAMPLER.kind;
export type SamplerName = (typeof samplers.schema)['_output'];

/** What is exported, and how. A missing signal is off. */
export type OtelSettings = {
  serviceName: string | undefined;
  limits: { attributeValueLengthLimit: number; attributeCountLimit: number };
  traces?: { batch: BatchSettings; sampler: SamplerName; ratio: number };
  metrics?: { exportIntervalMillis: number; exportTimeoutMillis: number };
  logs?: { batch: BatchSettings };
};

/**
 * The settings, or undefined if no signal is on, and warnings that never contain values. An invalid value counts as unset, as the specification
 * of OpenTelemetry requires: the variables may be those of a whole machine.
 */
export function readOtelSettings(env: NodeJS.ProcessEnv): { settings: OtelSettings | undefined; warnings: string[] } {
  const warnings: string[] = [];
  function read<T>(name: string, { kind, defaultText }: Variable<T>): T | undefined {
    const text = env[name];
    if (text?.trim()) {
      const value = kind.schema.safeParse(text);
      if (value.success) return value.data;
      warnings.push(`${name}: expected ${kind.expected}; the value is ignored`);
    }
    return defaultText === undefined ? undefined : kind.schema.parse(defaultText);
  }
  const of = <Name extends keyof typeof otelVariables>(name: Name) => read(name, otelVariables[name] as Variable);
  const integerOf = (name: keyof typeof otelVariables) => of(name) as number;
  const batchOf = (prefix: 'OTEL_BSP' | 'OTEL_BLRP'): BatchSettings => ({
    scheduledDelayMillis: integerOf(`${prefix}_SCHEDULE_DELAY`),
    exportTimeoutMillis: integerOf(`${prefix}_EXPORT_TIMEOUT`),
    maxQueueSize: integerOf(`${prefix}_MAX_QUEUE_SIZE`),
    maxExportBatchSize: integerOf(`${prefix}_MAX_EXPORT_BATCH_SIZE`),
  });

  if (of('OTEL_SDK_DISABLED') === true) return { settings: undefined, warnings };
  const on = new Set<Signal>(signals.filter((signal) => isOn(signal, env, warnings)));
  if (on.size === 0) return { settings: undefined, warnings };
  const interval = integerOf('OTEL_METRIC_EXPORT_INTERVAL');
  const settings: OtelSettings = {
    serviceName: of('OTEL_SERVICE_NAME') as string | undefined,
    limits: {
      attributeValueLengthLimit: integerOf('OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'),
      attributeCountLimit: integerOf('OTEL_ATTRIBUTE_COUNT_LIMIT'),
    },
    ...(on.has('TRACES') && {
      traces: {
        batch: batchOf('OTEL_BSP'),
        sampler: of('OTEL_TRACES_SAMPLER') as SamplerName,
        ratio: Math.min(1, of('OTEL_TRACES_SAMPLER_ARG') as number),
      },
    }),
    ...(on.has('METRICS') && {
      metrics: { exportIntervalMillis: interval, exportTimeoutMillis: Math.min(interval, integerOf('OTEL_METRIC_EXPORT_TIMEOUT')) },
    }),
    ...(on.has('LOGS') && { logs: { batch: batchOf('OTEL_BLRP') } }),
  };
  return { settings, warnings };
}

function isOn(signal: Signal, env: NodeJS.ProcessEnv, warnings: string[]): boolean {
  const textOf = (name: string) => env[name]?.trim() || undefined;
  const endpointName = [`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`, 'OTEL_EXPORTER_OTLP_ENDPOINT'].find(textOf);
  const exporter = textOf(`OTEL_${signal}_EXPORTER`) ?? (endpointName ? 'otlp' : 'none');
  if (exporter === 'none') return false;
  const warn = (text: string) => {
    if (!warnings.includes(text)) warnings.push(text);
    return false;
  };
  if (exporter !== 'otlp') return warn(`OTEL_${signal}_EXPORTER: expected otlp or none; ${signal.toLowerCase()} are not exported`);
  if (endpointName && !/^https?:$/.test(protocolOf(textOf(endpointName)!)))
    return warn(`${endpointName}: expected an http or https URL; nothing is exported to it`);
  const protocolName = [`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`, 'OTEL_EXPORTER_OTLP_PROTOCOL'].find(textOf);
  if (protocolName && textOf(protocolName) !== 'http/protobuf')
    return warn(`${protocolName}: expected http/protobuf; nothing is exported by it`);
  return true;
}

const protocolOf = (url: string) => (URL.canParse(url) ? new URL(url).protocol : '');
