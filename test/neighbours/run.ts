import { createWriteStream, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareNeighbours, type Comparison } from './compare.ts';
import { noises } from './noise/noises.ts';

/* `npm run test:neighbours -- --only exports,webhooks`: see docs/guides/reliability.md. */

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '5' },
    /** Parts of the names of neighbours, separated by commas. */
    only: { type: 'string', default: '' },
  },
});
const say = (line: string) => void process.stdout.write(`${line}\n`);
const selected = Object.keys(noises).filter((name) => values.only.split(',').some((part) => name.includes(part)));

const folder = fileURLToPath(new URL('../../.cache/neighbours/', import.meta.url));
mkdirSync(folder, { recursive: true });
const log = createWriteStream(`${folder}servers.log`);

const isGood = ({ p99, maxP99, differences }: Comparison) => p99 <= maxP99 && differences.length === 0;

function rowOf(comparison: Comparison): string {
  const { noise, requests, p50, p99, aloneP99, differences, neighbour } = comparison;
  const mark = isGood(comparison) ? 'ok' : 'NOT OK';
  return `${noise.padEnd(48)} ${String(requests).padStart(6)} ${aloneP99.toFixed(1).padStart(9)} ${p50.toFixed(1).padStart(8)} ${p99.toFixed(1).padStart(8)} ${String(differences.length).padStart(6)}  ${mark}  ${counted(neighbour)}`;
}

const counted = (counts: Record<string, number>) =>
  Object.entries(counts)
    .map(([status, n]) => `${status}: ${n}`)
    .join(', ');

say(
  `${'neighbour'.padEnd(48)} ${'calls'.padStart(6)} ${'alone p99'.padStart(9)} ${'p50 ms'.padStart(8)} ${'p99 ms'.padStart(8)} ${'differ'.padStart(6)}`,
);
const comparisons = await compareNeighbours({
  noises: selected,
  runs: Number(values.runs),
  rounds: Number(values.rounds),
  onComparison(comparison) {
    say(rowOf(comparison));
    for (const difference of comparison.differences.slice(0, 5)) say(`  ${difference.slice(0, 600)}`);
  },
  onLine: (name, line) => void log.write(`${name} ${line}\n`),
});
say('p99 may be three times that of the days alone before and after it, or 100 ms more');
process.exitCode = comparisons.every(isGood) ? 0 : 1;
