import type { Database } from '../database/sql.ts';
import { defaultBaseUrl } from '../platform/config/baseUrl.ts';
import {
  type Config,
  isRotation,
  OperatorError,
  readConfig,
  type Role,
  roles,
  unknownVariables,
  withDotenv,
} from '../platform/config/config.ts';
import { openDataDir } from '../platform/config/dataDir.ts';
import { configuredJwtSecrets, hasConfiguredKeys, type Keys, readKeys } from '../platform/crypto/keys.ts';
import { createReadiness, drainMsOf, type Readiness } from '../platform/readiness.ts';
import { flushLog, type Log, openLog } from '../platform/telemetry/log.ts';
import { createLocalRuns } from '../pubsub/localRuns.ts';
import { backupCommandOf, runBackupCommand } from './backup/command.ts';
import { banner, type BannerInfo } from './banner.ts';
import type { ApiProcesses } from './cluster/apiProcesses.ts';
import { configOfPrimary } from './cluster/shares.ts';
import { checkDatabase, checkReadReplica, openDatabaseServer } from './databases.ts';
import { checkKeyUse } from './keyRotation/keyUse.ts';
import { releaseMemoryWhenIdle } from './releaseMemory.ts';
import { newTeardown, type Teardown } from './shutdown.ts';
import { onOrphaned, onShutdownSignal } from './signals.ts';
import { fatalErrorMessage, withBindErrors } from './startupErrors.ts';
import { openTelemetry, type Telemetry } from './telemetry.ts';
import { handleUncaughtErrors } from './uncaughtErrors.ts';

/**
 * Shutdown layers, the highest first: readiness, the gateway and the streams, the API and the worker, the metrics, which count the last of their work,
 * connections, the database server, telemetry.
 */
const shutdownLayer = { telemetry: 0, store: 1, connections: 2, metrics: 3, parts: 4, edge: 5, readiness: 6 };

type Start = {
  role: Role;
  config: Config;
  log: Log;
  telemetry: Telemetry | undefined;
  teardown: Teardown;
  readiness: Readiness;
  ending: AbortSignal;
  /** Called when the first part begins to listen or to take jobs. */
  serves(): void;
  /** Reports an error and ends the process. */
  fail(error: unknown): void;
};

/** Runs a role until a signal arrives. An `OperatorError` is printed to standard error, and everything that was started is stopped. */
export async function main(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const teardown = newTeardown();
  const ending = new AbortController();
  let log: Log | undefined;
  let started: Promise<unknown> = Promise.resolve();
  let serving = false;
  // What is interrupted by a signal has failed, unlike a server that is stopped.
  let codeOfSignal = 0;

  async function stop() {
    await started.catch(() => undefined);
    await teardown.run(log);
    if (log) await flushLog(log);
  }
  function finish(code: number) {
    if (ending.signal.aborted) return;
    ending.abort();
    stop().then(
      () => process.exit(code),
      () => process.exit(1),
    );
  }
  const force = () => {
    const exit = () => process.exit(1);
    teardown.force(shutdownLayer.store).then(exit, exit);
  };
  onShutdownSignal(() => finish(codeOfSignal), force);
  // A closed standard output does not stop the process.
  process.stdout.on('error', () => undefined);
  onOrphaned(() => finish(0), env);
  const fail = (error: unknown) => {
    process.stderr.write(`${fatalErrorMessage(error)}\n`);
    finish(1);
  };
  handleUncaughtErrors({ log: () => log, isServing: () => serving, isEnding: () => ending.signal.aborted, fail });
  try {
    const command = backupCommandOf(args);
    // A backup needs what a migration needs: the database, and neither addresses nor secrets of its own.
    const role = command ? 'migrate' : roleOf(args);
    Object.assign(env, withDotenv(env));
    const config = readConfig(env, role);
    const label = hasApiProcesses(role, config) ? 'main' : undefined;
    const { telemetry, warnings } = await openTelemetry(env, role, label);
    log = openLog(config, label, telemetry?.writeLog);
    telemetry?.reportTo(log);
    if (telemetry) teardown.add(shutdownLayer.telemetry, 'telemetry', telemetry.shutDown);
    const unknown = [...unknownVariables(env), ...warnings];
    if (unknown.length > 0) log.warn(unknown.join('; '));
    if (command || isRotation(role)) codeOfSignal = 1;
    if (command) {
      const onStop = (stop: () => Promise<unknown>) => teardown.add(shutdownLayer.store, command.name, stop);
      process.stdout.write(`arkloop: ${await runBackupCommand(command, { config, log, onStop })}\n`);
      return finish(0);
    }
    const serves = () => {
      serving = true;
    };
    const readiness = createReadiness(config);
    if (role !== 'worker') teardown.add(shutdownLayer.readiness, 'readiness', readiness.drain, drainMsOf(config) + 1_000);
    started = startRole({ role, config, log, telemetry, teardown, readiness, ending: ending.signal, serves, fail });
    const code = await started;
    if (typeof code === 'number') finish(code);
    else releaseMemoryWhenIdle();
  } catch (error) {
    if (!ending.signal.aborted) fail(error);
  }
}

/** Whether the API is served by processes that this one starts. With one, this process serves it. */
const hasApiProcesses = (role: Role, { apiProcesses }: Config): role is 'api' | 'all' =>
  apiProcesses > 1 && (role === 'api' || role === 'all');

function roleOf([name = 'all', ...rest]: string[]): Role {
  const role = roles.find((each) => each === name);
  if (!role || rest.length > 0) throw new OperatorError(`expected one role: ${roles.join(', ')}; or backup or restore with a folder`);
  return role;
}

/** Returns the exit code of a command that ends. */
async function startRole(start: Start): Promise<number | void> {
  const { role, config, teardown } = start;
  const bannerInfo: BannerInfo = { role };
  const begun = role === 'gateway' ? undefined : await startOnDatabase(start, bannerInfo);
  if (typeof begun === 'number') return begun;
  const deps = begun;
  if (role === 'gateway') await startMetrics(start, bannerInfo);
  if (role === 'all' || role === 'gateway') {
    start.ending.throwIfAborted();
    const { startGateway } = await import('../gateway/gateway.ts');
    const ofGateway = {
      log: start.log,
      readiness: start.readiness,
      config: {
        ...config,
        gatewayUpstream: config.gatewayUpstream ?? (bannerInfo.api ? [bannerInfo.api] : undefined),
        gatewayFrontendUpstream: config.gatewayFrontendUpstream ?? bannerInfo.api,
      },
      ...(await gatewayDependencies(start, deps)),
    };
    const gateway = await withBindErrors('ARKLOOP_GATEWAY_ADDR', config.gatewayAddr, () => startGateway(ofGateway));
    teardown.add(shutdownLayer.edge, 'gateway', gateway.shutDown);
    start.serves();
    bannerInfo.gateway = gateway.address;
  }
  if (deps && bannerInfo.api) bannerInfo.baseUrl = await publicAddress(start, deps.database, bannerInfo);
  // The log is written in the background, the banner at once.
  await flushLog(start.log);
  start.ending.throwIfAborted();
  start.readiness.started();
  process.stdout.write(banner(bannerInfo));
}

/** The JWT secret and the database of a gateway. A gateway that runs alone works without those that are not configured. */
async function gatewayDependencies({ config, log }: Start, deps: Deps | undefined) {
  if (deps) return { jwtSecrets: deps.keys.jwtSecrets, databaseUrl: deps.databaseUrl };
  await checkSettings();
  const { databaseUrl, databaseDirectUrl } = config;
  const jwtSecrets = configuredJwtSecrets(config);
  if (databaseUrl) {
    // A gateway serves without its database, and does not wait for it.
    const warn = (error: unknown) => log.warn(error instanceof OperatorError ? error.message : { err: error });
    checkDatabase(databaseUrl, databaseDirectUrl ?? databaseUrl, log).catch(warn);
  }
  if (!jwtSecrets) log.warn('ARKLOOP_AUTH_JWT_SECRET is not set: to this gateway all callers are anonymous');
  if (!databaseUrl)
    log.warn('ARKLOOP_DATABASE_URL is not set: this gateway keeps no access log and knows no stored settings, keys and IP rules');
  if (!databaseUrl && !config.gatewayRedisUrl)
    log.warn(
      'neither ARKLOOP_DATABASE_URL nor a Redis is set: the rate limits of this gateway are its own, and each further gateway adds to them',
    );
  return { jwtSecrets, databaseUrl, followsClock: true };
}

async function startOnDatabase(
  { role, config, log, telemetry, teardown, readiness, ending, serves, fail }: Start,
  bannerInfo: BannerInfo,
): Promise<Deps | number> {
  const dataDir = needsDataDir(role, config) ? await openDataDir(config.dataDir) : config.dataDir;
  const store = await openDatabaseServer(config, dataDir, log, isRotation(role));
  teardown.add(shutdownLayer.store, 'database', store.stop);
  bannerInfo.place = store.place;
  ending.throwIfAborted();
  const { migrate, requireSchema } = await import('../database/migrate.ts');
  requireSchema(role, await migrate(store.directUrl));
  ending.throwIfAborted();
  if (role !== 'migrate') await checkSettings();
  if (config.databaseReadUrl && (role === 'api' || role === 'all')) await checkReadReplica(config.databaseReadUrl, store.directUrl, log);
  const { openDatabase } = await import('../database/database.ts');
  const { createPartitions } = await import('../jobs/partitions/maintainPartitions.ts');
  const { followDatabaseClock } = await import('../database/connection/clock.ts');
  const { apiDbPoolMaxConns: max, apiDbPoolMinConns: min } = hasApiProcesses(role, config) ? configOfPrimary(config, role) : config;
  const database = openDatabase(store.url, {
    max,
    min,
    log,
    applicationName: `arkloop ${role}`,
  });
  teardown.add(shutdownLayer.connections, 'connections', database.close);
  if (isRotation(role)) {
    const keys = await readKeys(config, dataDir);
    await checkKeyUse(database, keys.encryptionKeys, { isLost: config.encryptionKeyLost });
    return role === 'rotate'
      ? await rotateKeys(keys, store.directUrl, ending)
      : await rotateErasureKey(keys, { url: store.directUrl, log });
  }
  // A gateway finds its partition before a worker has started.
  await createPartitions({ database, log });
  if (role === 'migrate') {
    process.stdout.write('arkloop: the database schema is up to date\n');
    return 0;
  }
  if (config.env === 'production') await requireBaseUrl(database);
  const { checkStorage } = await import('../storage/open.ts');
  await checkStorage(config, log);
  const clock = followDatabaseClock(database, log);
  teardown.add(shutdownLayer.parts, 'clock', clock.stop);
  await clock.measured;
  const keys = await readKeys(config, dataDir);
  await checkKeyUse(database, keys.encryptionKeys, { isLost: config.encryptionKeyLost });
  const deps: Deps = { config, keys, database, databaseUrl: store.url, log, readiness };
  const processes = hasApiProcesses(role, config)
    ? (await import('./cluster/apiProcesses.ts')).createApiProcesses({ config, role, databaseUrl: store.url, log, readiness, fail })
    : undefined;
  if (role === 'all' && !processes) deps.localRuns = createLocalRuns();
  await startMetrics({ role, config, log, telemetry, teardown }, bannerInfo, { database, processes });
  if (role !== 'worker') await startApiPart(deps, { teardown, serves, processes }, bannerInfo);
  ending.throwIfAborted();
  if (role !== 'api') {
    const { startWorker } = await import('./worker.ts');
    serves();
    teardown.add(shutdownLayer.parts, 'worker', (await startWorker(deps)).shutDown);
  }
  return deps;
}

/** Returns the exit code. */
async function rotateKeys({ encryptionKeys }: Keys, url: string, ending: AbortSignal): Promise<number> {
  const { rotate } = await import('./keyRotation/rotate.ts');
  const isDone = await rotate(url, encryptionKeys, ending, {
    write: (line) => void process.stdout.write(`arkloop: ${line}\n`),
    writeError: (line) => void process.stderr.write(`arkloop: ${line}\n`),
  });
  return isDone ? 0 : 1;
}

/** Returns the exit code. */
async function rotateErasureKey({ encryptionKeys }: Keys, server: { url: string; log: Log }): Promise<number> {
  const { replaceErasureKey } = await import('./keyRotation/erasureKey.ts');
  process.stdout.write(`arkloop: ${await replaceErasureKey(encryptionKeys, server)}\n`);
  return 0;
}

async function checkSettings() {
  const { settingProblems } = await import('../resources/settings/settings.ts');
  const problems = settingProblems(process.env);
  if (problems.length > 0) throw new OperatorError(problems.join('\n'));
}

/** Links in mails must lead to this installation. */
async function requireBaseUrl(database: Database) {
  const { readSettings } = await import('../resources/settings/settings.ts');
  const settings = await readSettings(database);
  const sendsMail = settings['email.smtp_host'] !== null && settings['email.from'] !== null;
  const isNamed = Boolean(process.env.ARKLOOP_APP_BASE_URL?.trim()) || settings['app.base_url'] !== defaultBaseUrl(process.env);
  if (sendsMail && !isNamed)
    throw new OperatorError('ARKLOOP_APP_BASE_URL: is required in production, because mail is sent (ARKLOOP_SMTP_HOST)');
}

/** The base URL, if one is configured or the default leads here, which it does unless there is no gateway or the system has chosen its port. */
async function publicAddress({ role, config }: Start, database: Database, { api, gateway }: BannerInfo) {
  const { readSettings } = await import('../resources/settings/settings.ts');
  const { 'app.base_url': baseUrl } = await readSettings(database);
  const isDefault = baseUrl === defaultBaseUrl(process.env);
  if (isDefault && role === 'api') return api;
  return isDefault && config.gatewayAddr.port === 0 ? gateway : baseUrl;
}

/** Call before starting the parts that emit metrics. */
async function startMetrics(
  { role, config, log, telemetry, teardown }: Pick<Start, 'role' | 'config' | 'log' | 'telemetry' | 'teardown'>,
  bannerInfo: BannerInfo,
  { database, processes }: { database?: Database; processes?: ApiProcesses | undefined } = {},
) {
  const { metricsAddr: address } = config;
  if ((!address && !telemetry?.hasMetrics) || role === 'migrate' || isRotation(role)) return;
  const { openMetrics, startMetricsServer } = await import('../metrics/metricsServer.ts');
  const deps = { role, database, log, readApiProcesses: processes?.metrics };
  const opened = openMetrics(deps);
  if (telemetry?.hasMetrics) teardown.add(shutdownLayer.metrics, 'exported metrics', await telemetry.exportMetrics(opened.registry));
  if (!address) return;
  const metrics = await withBindErrors('ARKLOOP_METRICS_ADDR', address, () => startMetricsServer(address, deps, opened));
  teardown.add(shutdownLayer.metrics, 'metrics', metrics.shutDown);
  bannerInfo.metrics = metrics.address;
}

/** With a database and both secrets configured, nothing is written to disk, which may then be read-only. */
function needsDataDir(role: Role, config: Config) {
  return !config.databaseUrl || (role !== 'migrate' && !hasConfiguredKeys(config));
}

/** Replaces the address of all interfaces by loopback. */
const reachable = (address: string) => address.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');

type Deps = Parameters<(typeof import('./api.ts'))['startApi']>[0];

type ApiPart = Pick<Start, 'teardown' | 'serves'> & { processes: ApiProcesses | undefined };

async function startApiPart(deps: Deps, { teardown, serves, processes }: ApiPart, bannerInfo: BannerInfo) {
  const { isPlaygroundBuilt } = await import('../http/site/playground.ts');
  await makeAdmin(deps, bannerInfo);
  const api = processes ? await processes.start() : await startApiHere(deps);
  teardown.add(shutdownLayer.edge, 'streams', api.endStreams);
  teardown.add(shutdownLayer.parts, 'API', api.shutDown);
  serves();
  bannerInfo.api = reachable(api.address);
  bannerInfo.hasPlayground = isPlaygroundBuilt();
}

async function startApiHere(deps: Deps) {
  const { startApi } = await import('./api.ts');
  return await withBindErrors('ARKLOOP_API_ADDR', deps.config.apiAddr, () => startApi(deps));
}

/** Creates the configured administrator, who can sign in from the first request on, or else a setup token. */
async function makeAdmin(deps: Deps, bannerInfo: BannerInfo) {
  const { createFirstAdmin, newSetupToken, promoteConfiguredAdmin } = await import('../resources/bootstrap/firstAdmin.ts');
  await promoteConfiguredAdmin(deps);
  const { adminLogin: login, adminEmail: email, adminPassword: password } = deps.config;
  if (login && email && password) {
    await createFirstAdmin(deps, { login, email, password });
  }
  bannerInfo.setupToken = await newSetupToken(deps);
}
