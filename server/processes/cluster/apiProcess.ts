import process from 'node:process';
import { followDatabaseClock } from '../../database/connection/clock.ts';
import { openDatabase } from '../../database/database.ts';
import { startProcessMetrics } from '../../metrics/processMetrics.ts';
import { OperatorError } from '../../platform/config/config.ts';
import { readKeys } from '../../platform/crypto/keys.ts';
import { createPasswordHasher } from '../../platform/crypto/passwords.ts';
import { createReadiness } from '../../platform/readiness.ts';
import { flushLog, type Log, openLog } from '../../platform/telemetry/log.ts';
import { type Api, startApi } from '../api.ts';
import { releaseMemoryWhenIdle } from '../releaseMemory.ts';
import { newTeardown } from '../shutdown.ts';
import { ignoreSignals } from '../signals.ts';
import { withBindErrors } from '../startupErrors.ts';
import { openTelemetry } from '../telemetry.ts';
import { handleUncaughtErrors } from '../uncaughtErrors.ts';
import type { Command, ProcessStart, Report } from './messages.ts';
import { createRemoteLimits } from './sharedLimits.ts';

/**
 * This is the program of an API process. The primary process starts it and says when to end, because terminals and supervisors send signals to both. If the
 * primary process is gone, `node:cluster` ends this one.
 */
const report = (message: Report) => void process.send?.(message, undefined, undefined, () => undefined);

/** The highest first. The metrics count the last of the work, so they end after the API. */
const shutdownLayer = { telemetry: 0, connections: 1, metrics: 2, parts: 3 };
const teardown = newTeardown();
const limits = createRemoteLimits(report);
let log: Log | undefined;
let api: Api | undefined;
let started: Promise<void> | undefined;
let isEnding = false;

async function start({ number, config, databaseUrl }: ProcessStart) {
  const { telemetry } = await openTelemetry(process.env, 'api', number);
  log = openLog(config, number, telemetry?.writeLog);
  telemetry?.reportTo(log);
  if (telemetry) teardown.add(shutdownLayer.telemetry, 'telemetry', telemetry.shutDown);
  const database = openDatabase(databaseUrl, {
    max: config.apiDbPoolMaxConns,
    min: config.apiDbPoolMinConns,
    log,
    applicationName: 'arkloop api',
  });
  teardown.add(shutdownLayer.connections, 'connections', database.close);
  const clock = followDatabaseClock(database, log);
  teardown.add(shutdownLayer.parts, 'clock', clock.stop);
  await clock.measured;
  const readiness = createReadiness(config);
  const metrics = config.metricsAddr || telemetry?.hasMetrics ? startProcessMetrics(database, number) : undefined;
  if (metrics && telemetry?.hasMetrics)
    teardown.add(shutdownLayer.metrics, 'exported metrics', await telemetry.exportMetrics(metrics.registry));
  onCommand(async (command) => {
    if (command.type === 'metrics' && metrics) report({ type: 'metrics', id: command.id, metrics: await metrics.read() });
    if (command.type === 'readiness' && command.state === 'started') readiness.started();
    if (command.type === 'readiness' && command.state === 'shutting down') await readiness.drain();
    if (command.type === 'endStreams') await api?.endStreams();
  });
  const deps = {
    config,
    keys: await readKeys(config, config.dataDir),
    database,
    databaseUrl,
    log,
    readiness,
    passwords: createPasswordHasher({ turns: limits.hashes }),
    ...(config.maxStreamsPerUser > 0 && { openStreams: limits.streams }),
  };
  api = await withBindErrors('ARKLOOP_API_ADDR', config.apiAddr, () => startApi(deps));
  teardown.add(shutdownLayer.parts, 'API', api.shutDown);
  report({ type: 'listening', address: api.address });
  releaseMemoryWhenIdle();
}

function onCommand(handle: (command: Command) => Promise<void>) {
  process.on('message', (command: Command) => {
    handle(command).catch((err) => log?.error({ err }, 'a command of the main process failed'));
  });
}

function stop(code: number) {
  if (isEnding) return;
  isEnding = true;
  const end = async () => {
    await started?.catch(() => undefined);
    await teardown.run(log);
    if (log) await flushLog(log);
  };
  end().then(
    () => process.exit(code),
    () => process.exit(1),
  );
}

function fail(error: unknown) {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  report({ type: 'failed', failure: { isOperatorError: error instanceof OperatorError, message, stack } });
  stop(1);
}

ignoreSignals();
// A closed standard output does not stop the process.
process.stdout.on('error', () => undefined);
handleUncaughtErrors({ log: () => log, isServing: () => api !== undefined, isEnding: () => isEnding, fail });
onCommand(async (command) => {
  if (command.type === 'slot') limits.onSlot(command);
  if (command.type === 'shutDown') stop(0);
  if (command.type === 'start') {
    started = start(command.start);
    started.catch(fail);
  }
});
