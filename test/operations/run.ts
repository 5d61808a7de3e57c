import { randomInt } from 'node:crypto';
import { createWriteStream, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Agent, setGlobalDispatcher } from 'undici';
import { summarize } from '../support/auditor/audit.ts';
import { type DayReport, liveOperatorsDay } from './day.ts';
import { type StepName, steps } from './steps/steps.ts';

/* `npm run test:operations -- --quick --only upgrade,keys`: see docs/guides/fault-tests.md. */

// As a load balancer in front of the gateways is configured: it gives up idle connections before a gateway that drains closes them.
setGlobalDispatcher(new Agent({ keepAliveTimeout: 4_000, keepAliveMaxTimeout: 4_000 }));

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    /** Steps, separated by commas. */
    only: { type: 'string', default: Object.keys(steps).join(',') },
    people: { type: 'string', default: '6' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    from: { type: 'string' },
  },
});
const say = (line: string) => void process.stdout.write(`${line}\n`);
const only = values.only.split(',');
const unknown = only.find((name) => !(name in steps));

if (unknown !== undefined) {
  process.stderr.write(`--only: there is no step ${unknown}; the steps are ${Object.keys(steps).join(', ')}\n`);
  process.exitCode = 1;
} else {
  const folder = fileURLToPath(new URL('../../.cache/operations/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const log = createWriteStream(`${folder}${values.seed}.log`);
  say(`seed ${values.seed}; the log of all processes is .cache/operations/${values.seed}.log`);
  const report = await liveOperatorsDay({
    only: (Object.keys(steps) as StepName[]).filter((name) => only.includes(name)),
    isQuick: values.quick,
    people: Number(values.people),
    seed: Number(values.seed),
    from: values.from,
    say(line) {
      say(line);
      log.write(`${new Date().toISOString()} day ${line}\n`);
    },
    onLine: (name, line) => void log.write(`${name} ${line}\n`),
    interrupted: signalArrives(),
  });
  for (const line of linesOf(report)) say(line);
  process.exitCode = report.findings.length > 0 ? 1 : 0;
}

/** Rejects, so that everything that was started is stopped. */
function signalArrives(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => reject(new Error(`interrupted by ${signal}`)));
  return promise;
}

function linesOf(report: DayReport): string[] {
  const counted = (counts: Iterable<[unknown, number]>) => [...counts].map(([name, n]) => `${name} ${n}`).join(', ');
  return [
    '',
    `seed ${report.seed}, ${report.minutes.toFixed(1)} minutes`,
    `requests: ${report.requests} (${counted([...report.statuses].toSorted(([a], [b]) => a - b))})`,
    `acknowledged writes: ${report.acknowledged}`,
    `rows: ${counted(Object.entries(report.rows))}`,
    `findings: ${report.findings.length}`,
    ...summarize(report.findings, 10).map((line) => `  ${line}`),
  ];
}
