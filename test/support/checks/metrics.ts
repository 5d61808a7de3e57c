import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { startMetricsServer } from '../../../server/metrics/metricsServer.ts';
import type { TestApp } from '../app/testApp.ts';

export type Labels = Record<string, string>;

export type Sample = { name: string; labels: Labels; value: number };

/** Parses the Prometheus text format. */
function samplesIn(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value] = /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
      if (value === undefined) throw new Error(`this is no sample: ${line}`);
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]);
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });
}

export async function scrape(address: string) {
  const response = await fetch(address);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`scrape: ${response.status} ${text}`);
  const samples = samplesIn(text);
  /** The sum of the samples that have these labels. */
  const sum = (name: string, labels: Labels = {}) =>
    samples
      .filter((sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
      .reduce((total, { value }) => total + value, 0);
  return { text, samples, sum };
}

/** Serves the metrics of this process, counted from now on, until the test ends. */
export async function serveMetrics(database: TestApp['database'], role: 'all' | 'worker' = 'all') {
  const log = pino({ level: 'silent' });
  const metrics = await startMetricsServer({ host: '127.0.0.1', port: 0 }, { role, database, log });
  onTestFinished(metrics.shutDown);
  return { ...metrics, scrape: () => scrape(metrics.address) };
}
