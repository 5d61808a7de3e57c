import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import type { Resource } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { Registry } from 'prom-client';
import type { OtelSettings } from '../../platform/telemetry/otel/otelSettings.ts';
import { withinFlushTime } from '../../platform/telemetry/otel/sdk.ts';
import { createRegistryProducer } from './registryProducer.ts';
import { recordSemanticMetrics } from './semanticMetrics.ts';

/** Exports the metrics of the Prometheus page of this process, and those that the semantic conventions define. */
export function startOtlpMetrics(resource: Resource, settings: NonNullable<OtelSettings['metrics']>, registry: Registry) {
  const exporter = new OTLPMetricExporter();
  const metricProducers = [createRegistryProducer(registry, resource)];
  const provider = new MeterProvider({
    resource,
    readers: [new PeriodicExportingMetricReader({ ...settings, exporter, metricProducers })],
  });
  const ends = recordSemanticMetrics(provider.getMeter('arkloop'));
  return async () => {
    for (const end of ends) end();
    await withinFlushTime([provider.shutdown()]);
  };
}
