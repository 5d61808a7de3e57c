import process from 'node:process';
import { openDatabase } from '../../database/database.ts';
import { startProcessMetrics } from '../../metrics/processMetrics.ts';
import { OperatorError, readConfig } from '../../platform/config/config.ts';
import { readKeys } from '../../platform/crypto/keys.ts';
import { createPasswordHasher } from '../../platform/crypto/passwords.ts';
import { createReadiness } from '../../platform/readiness.ts';
import { flushLog, type Log, openLog } from '../../platform/telemetry/log.ts';
import { type Api, startApi } from '../api.ts';
import { newTeardown } from '../shutdown.ts';
import { ignoreSignals } from '../signals.ts';
import { withBindErrors } from '../startupErrors.ts';
import { handleUncaughtErrors } from '../uncaughtErrors.ts';
import type { Command, ProcessStart, Report } from './messages.ts';
import { createRemoteLimits } from './sharedLimits.ts';
import { configOfApiProcess } from './shares.ts';

/**
 * The program of an API process, started by the primary process, which also says when to end: a signal reaches both if a terminal or a supervisor sends it to
 * the group. Without the primary process it ends at once (`node:cluster`).
 */
const report = (message: Report) => void process.send?.(message, undefined, undefined, () => undefined);

const teardown = newTeardown();
const limits = createRemoteLimits(report);
let log: Log | undefined;
let api: Api | undefined;
let started: Promise<void> | undefined;
let isEnding = false;

async function start({ role, number, databaseUrl }: ProcessStart) {
  const whole = readConfig(process.env, role);
  const config = configOfApiProcess(whole, { role, number });
  log = openLog(config, number);
  const database = openDatabase(databaseUrl, {
    max: config.apiDbPoolMaxConns,
    min: config.apiDbPoolMinConns,
    log,
    applicationName: 'arkloop api',
  });
  teardown.add(0, 'connections', database.close);
  const readiness = createReadiness(config);
  const metrics = config.metricsAddr ? startProcessMetrics(database, number) : undefined;
  process.on('message', (message: Command) => {
    if (message.type === 'readiness') {
      if (message.state === 'started') readiness.started();
      else void readiness.drain();
    }
    if (message.type === 'metrics') void metrics?.read().then((read) => report({ type: 'metrics', id: message.id, metrics: read }));
  });
  const deps = {
    config,
    keys: await readKeys(config, config.dataDir),
    database,
    databaseUrl,
    log,
    readiness,
    passwords: createPasswordHasher(undefined, limits.hashes),
    ...(config.maxStreamsPerUser > 0 && { openStreams: limits.streams }),
  };
  api = await withBindErrors('ARKLOOP_API_ADDR', config.apiAddr, () => startApi(deps));
  teardown.add(1, 'API', api.shutDown);
  report({ type: 'listening', address: api.address });
}

async function stop(code: number) {
  if (isEnding) return;
  isEnding = true;
  await started?.catch(() => undefined);
  await teardown.run(log);
  if (log) await flushLog(log);
  process.exit(code);
}

function fail(error: unknown) {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  report({ type: 'failed', failure: { isOperatorError: error instanceof OperatorError, message, stack } });
  void stop(1);
}

ignoreSignals();
process.stdout.on('error', () => undefined);
handleUncaughtErrors({ log: () => log, isServing: () => api !== undefined, isEnding: () => isEnding, fail });
process.on('message', (message: Command) => {
  if (message.type === 'slot') limits.onSlot(message);
  if (message.type === 'endStreams') void api?.endStreams();
  if (message.type === 'shutDown') void stop(0);
  if (message.type === 'start') {
    started = start(message.start);
    started.catch(fail);
  }
});
