import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { newSecret, startPostgres, startServer, stopAll } from '../bench/processes.ts';
import { providerOf, recordedModelAt } from './models.ts';
import { startRecordedModel } from './recordedModel.ts';
import { fallenBehind, type Report, reportOf, tableOf } from './report.ts';
import { type EvaluatedModel, runTasks } from './runTasks.ts';
import { recordingOf, tasks } from './tasks.ts';

/* `npm run eval`: runs tasks on a server of its own, with the recorded model or a provider. See docs/guides/evaluation.md. */

const { values, positionals } = parseArgs({
  options: {
    /** Writes the report to this file. */
    json: { type: 'string' },
    /** Compares the pass rate with that of a file that `--json` wrote. */
    against: { type: 'string' },
    /** Tasks at a time. */
    parallel: { type: 'string', default: '2' },
  },
  allowPositionals: true,
});

/** Code runs in the sandbox, and a model on this machine may be the provider. */
const environment = (folder: string) => ({
  ARKLOOP_DATA_DIR: folder,
  ARKLOOP_CODE_SANDBOX: 'wasm',
  ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '1',
});

const names = tasks.map(({ name }) => name);
const unknown = positionals.filter((name) => !names.includes(name));
const parallel = Number(values.parallel);

try {
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}; there are ${names.join(', ')}`);
  if (!Number.isInteger(parallel) || parallel < 1) throw new Error('--parallel must be a positive integer');
  const saved = values.against === undefined ? undefined : (JSON.parse(await readFile(values.against, 'utf8')) as Report);
  const report = await evaluate(providerOf(process.env));
  process.stdout.write(`\n${tableOf(report)}\n`);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
  const behind = saved ? fallenBehind(report, saved) : [];
  if (behind.length > 0) process.stderr.write(`fewer tasks pass than in ${values.against}: ${behind.join(', ')}\n`);
  process.exitCode = behind.length === 0 && (saved || report.totals.passed === report.totals.tasks) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function evaluate(provider: EvaluatedModel | undefined): Promise<Report> {
  const wanted = tasks.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const folder = await mkdtemp(join(tmpdir(), 'arkloop-eval-'));
  const postgres = await startPostgres();
  const recorded = provider ? undefined : await startRecordedModel(recordingOf(wanted));
  try {
    const { url } = await startServer('all', { databaseUrl: postgres.databaseUrl, jwtSecret: newSecret() }, environment(folder));
    const model = provider ?? recordedModelAt(recorded!.url);
    const results = await runTasks({ url, model }, wanted, {
      parallel,
      onResult: ({ name, failed }) => void process.stderr.write(`${name}: ${failed.length === 0 ? 'pass' : 'FAIL'}\n`),
    });
    return reportOf(results, provider ? `${provider.provider.provider} ${provider.model.model}` : 'recorded');
  } finally {
    recorded?.close();
    await stopAll();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
