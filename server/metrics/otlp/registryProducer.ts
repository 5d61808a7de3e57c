import { type HrTime, ValueType } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import type { Registry } from 'prom-client';
import type { ProcessMetrics } from '../processMetrics.ts';

type Metric = ProcessMetrics[number];
type Sample = { value: number; labels: Record<string, string | number>; metricName?: string };

/** Reads a registry of prom-client as metrics of OpenTelemetry, under the same names, so that dashboards work with both. */
export function createRegistryProducer(registry: Registry, resource: Resource): MetricProducer {
  const startTime = hrTime(Date.now());
  return {
    async collect({ timeoutMillis = 30_000 } = {}) {
      const read = await Promise.race([registry.getMetricsAsJSON(), late(timeoutMillis)]);
      const endTime = hrTime(Date.now());
      const metrics = (read ?? []).map((metric) => dataOf(metric, startTime, endTime)).filter((metric) => metric !== undefined);
      const errors = read ? [] : [new Error('the metrics could not be read in time')];
      return { resourceMetrics: { resource, scopeMetrics: [{ scope: { name: 'arkloop' }, metrics }] }, errors };
    },
  };
}

const late = (ms: number) => new Promise<undefined>((resolve) => void setTimeout(resolve, ms, undefined).unref());

const hrTime = (ms: number): HrTime => [Math.trunc(ms / 1_000), (ms % 1_000) * 1_000_000];

function dataOf(metric: Metric, startTime: HrTime, endTime: HrTime): MetricData | undefined {
  const descriptor = { name: metric.name, description: metric.help, unit: '', valueType: ValueType.DOUBLE };
  const base = { descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE };
  const samples = metric.values as Sample[];
  const point = <T>(attributes: Sample['labels'], value: T): DataPoint<T> => ({ startTime, endTime, attributes, value });
  const points = () => samples.map(({ labels, value }) => point(labels, value));
  // prom-client types `type` as an enum of numbers, and returns the names.
  switch (`${metric.type}`) {
    case 'counter':
      return { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: points() };
    case 'gauge':
      return { ...base, dataPointType: DataPointType.GAUGE, dataPoints: points() };
    case 'histogram':
      return {
        ...base,
        dataPointType: DataPointType.HISTOGRAM,
        dataPoints: histogramsOf(samples).map(([labels, histogram]) => point(labels, histogram)),
      };
    default:
      return undefined;
  }
}

/** The histogram of each set of labels. The buckets of Prometheus include the smaller ones, those of OpenTelemetry do not. */
function histogramsOf(samples: readonly Sample[]): [Sample['labels'], Histogram][] {
  const series = new Map<string, { labels: Sample['labels']; buckets: { le: number; count: number }[]; sum: number; count: number }>();
  for (const { metricName = '', labels: all, value } of samples) {
    const { le, ...labels } = all;
    const key = JSON.stringify(labels);
    const known = series.get(key) ?? { labels, buckets: [], sum: 0, count: 0 };
    series.set(key, known);
    if (le !== undefined) known.buckets.push({ le: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le), count: value });
    else if (metricName.endsWith('_sum')) known.sum = value;
    else known.count = value;
  }
  return [...series.values()].map(({ labels, buckets, sum, count }) => {
    const sorted = buckets.toSorted((left, right) => left.le - right.le);
    const counts = sorted.map((bucket, index) => bucket.count - (sorted[index - 1]?.count ?? 0));
    const boundaries = sorted.map((bucket) => bucket.le).filter(Number.isFinite);
    return [labels, { buckets: { boundaries, counts }, sum, count }];
  });
}
