import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { openMetrics } from '../../server/metrics.ts';
import type { World } from './world.ts';

export type Labels = Record<string, string>;

/** One value of a scrape. */
export type Sample = { name: string; labels: Labels; value: number };

/** The samples of a text in the format of Prometheus. */
export function samplesIn(text: string): Sample[] {
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

/** Scrapes an address. */
export async function scrape(address: string) {
  const response = await fetch(address);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`scrape: ${response.status} ${text}`);
  const samples = samplesIn(text);
  /** The sum of what matches. */
  const sum = (name: string, labels: Labels = {}) =>
    samples
      .filter((sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
      .reduce((total, { value }) => total + value, 0);
  return { text, samples, sum };
}

/** The metrics of this process from now on, as those of a role; served until the test ends. */
export async function countFromNow(database: World['database'], role: 'all' | 'worker' = 'all') {
  const log = pino({ level: 'silent' });
  const metrics = await openMetrics({ host: '127.0.0.1', port: 0 }, { role, database, log });
  onTestFinished(metrics.shutDown);
  return { ...metrics, scrape: () => scrape(metrics.address) };
}
