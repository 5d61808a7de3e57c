import { randomInt } from 'node:crypto';
import { createWriteStream, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { summarize } from '../support/auditor/audit.ts';
import { type FaultReport, runFaults } from './faultRun.ts';
import { tableOf } from './probe.ts';

/* `npm run test:faults -- --seconds 600 --seed 1`: see docs/guides/fault-tests.md. */

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    seconds: { type: 'string', default: '3600' },
    people: { type: 'string', default: '10' },
    /** Leaves out the faults that come one at a time. */
    'no-table': { type: 'boolean', default: false },
    /** Only these kinds of faults, separated by commas. */
    kinds: { type: 'string' },
  },
});
const say = (line: string) => void process.stdout.write(`${line}\n`);

const folder = fileURLToPath(new URL('../../.cache/faults/', import.meta.url));
mkdirSync(folder, { recursive: true });
const log = createWriteStream(`${folder}${values.seed}.log`);

const report = await runFaults({
  seed: Number(values.seed),
  seconds: Number(values.seconds),
  each: !values['no-table'],
  people: Number(values.people),
  kinds: values.kinds?.split(','),
  say(line) {
    say(line);
    log.write(`${new Date().toISOString()} fault ${line}\n`);
  },
  onLine: (name, line) => void log.write(`${name} ${line}\n`),
});
for (const line of linesOf(report)) say(line);
process.exitCode = report.findings.length > 0 ? 1 : 0;

function linesOf(report: FaultReport): string[] {
  const counted = (counts: Iterable<[unknown, number]>) => [...counts].map(([name, n]) => `${name} ${n}`).join(', ');
  return [
    '',
    `seed ${report.seed}`,
    `kills: ${report.kills}`,
    `faults: ${counted([...report.faults].toSorted())}`,
    `requests: ${report.requests} (${counted([...report.statuses].toSorted(([a], [b]) => a - b))})`,
    `acknowledged writes: ${report.acknowledged}`,
    `rows: ${counted(Object.entries(report.rows))}`,
    `recovered after ${report.recoverySeconds.toFixed(1)} s, settled after ${report.settlingSeconds.toFixed(1)} s`,
    ...tableOf(report.recoveries),
    `findings: ${report.findings.length}`,
    ...summarize(report.findings, 20).map((line) => `  ${line}`),
  ];
}
