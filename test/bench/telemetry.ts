import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cpuSeconds } from './cpu.ts';
import { median } from './figures.ts';
import { load } from './load.ts';
import { openThread, signUp } from './people.ts';
import { newSecret, type Program, residentBytes, startPostgres, startServer, stopAll } from './processes.ts';

/**
 * The cost of telemetry: start, memory, idle processor time and processor time of a request of an API that counts nothing, serves
 * metrics to Prometheus, or exports all signals with all traces or one in a hundred, in alternating rounds. `node test/bench/telemetry.ts`
 */
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '4' }, rounds: { type: 'string', default: '5' } } });
const seconds = Number(values.seconds);

/** A collector that accepts everything. Its processor time is not that of the servers. */
const collector = createServer((req, res) => {
  req.resume().on('end', () => res.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
});
await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
const on = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}` };
const variants: [name: string, env: Record<string, string>][] = [
  ['off', {}],
  ['only /metrics', { ARKLOOP_METRICS_ADDR: '127.0.0.1:0' }],
  ['all traces', on],
  ['1 % of traces', { ...on, OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.01' }],
];

type Measured = {
  name: string;
  program: Program;
  startCpuMs: number;
  startMiB: number;
  idleMs: number;
  requestMs: number[];
  perSecond: number[];
};
const postgres = await startPostgres();
const shared = { databaseUrl: postgres.databaseUrl, jwtSecret: newSecret() };
try {
  const measured: Measured[] = [];
  // The first start fills the caches of compiled code.
  for (const [, env] of variants) await (await startServer('api', shared, env)).stop();
  for (const [name, env] of variants) {
    const program = await startServer('api', shared, env);
    const startCpuMs = cpuSeconds(program.pid) * 1_000;
    const startMiB = (await residentBytes(program)) / 2 ** 20;
    measured.push({ name, program, startCpuMs, startMiB, idleMs: 0, requestMs: [], perSecond: [] });
  }
  await sleep(5_000);
  const before = measured.map(({ program }) => cpuSeconds(program.pid));
  await sleep(20_000);
  for (const [at, each] of measured.entries()) each.idleMs = ((cpuSeconds(each.program.pid) - before[at]!) * 1_000) / 20;
  const [person] = await signUp(measured[0]!.program.url, 1);
  const thread = await openThread(measured[0]!.program.url, person!, ['Measured']);
  const plan = () => [{ method: 'GET' as const, path: `/v1/threads/${thread}`, headers: { authorization: `Bearer ${person!.token}` } }];
  for (const { program } of measured) await load(program, plan, 50, 3);
  for (let round = 0; round < Number(values.rounds); round++)
    for (const each of round % 2 === 0 ? measured : measured.toReversed()) {
      const { cpuMs, perSecond } = await load(each.program, plan, 50, seconds);
      each.requestMs.push(cpuMs);
      each.perSecond.push(perSecond);
    }
  for (const { name, program, startCpuMs, startMiB, idleMs, requestMs, perSecond } of measured) {
    const memory = (await residentBytes(program)) / 2 ** 20;
    const fields = [
      `start ${startCpuMs.toFixed(0)} ms CPU, ${startMiB.toFixed(0)} MiB`,
      `idle ${idleMs.toFixed(1)} ms/s`,
      `request ${median(requestMs).toFixed(3)} ms CPU (${(median(requestMs) / median(measured[0]!.requestMs)).toFixed(2)})`,
      `${median(perSecond).toFixed(0)}/s`,
      `then ${memory.toFixed(0)} MiB`,
    ];
    process.stdout.write(`${name.padEnd(14)} ${fields.join('; ')}\n`);
  }
} finally {
  await stopAll();
  await postgres.stop();
  collector.close();
}
