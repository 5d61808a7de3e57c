import { type Config, OperatorError, type Role, readConfig, roles, unknownVariables, withDotenv } from './kernel/config.ts';
import { openDataDir } from './kernel/dataDir.ts';
import { readKeys } from './kernel/keys.ts';
import { flushLog, type Log, openLog } from './kernel/log.ts';
import { createReadiness, drainMsOf, type Readiness } from './kernel/readiness.ts';
import type { Database } from './kernel/sql.ts';
import { banner, type Facts } from './roles/banner.ts';
import { complaint, listening } from './roles/complaint.ts';
import { checkDatabase, openStore } from './roles/databases.ts';
import { handleDefects } from './roles/defects.ts';
import { onEnding, onOrphaned } from './roles/signals.ts';
import { newTeardown, type Teardown } from './roles/teardown.ts';

/** Layers of what is ended, the last first: readiness, the gateway with the streams, what answers or works behind it, its connections, the database server. */
const layer = { store: 0, connections: 1, parts: 2, edge: 3, readiness: 4 };

type Start = {
  role: Role;
  config: Config;
  log: Log;
  teardown: Teardown;
  readiness: Readiness;
  ending: AbortSignal;
  /** Called when the first part begins to listen or to take jobs. */
  serves(): void;
};

/** Start a role and stay until a signal; an error of the operator is one line on standard error, and nothing is left running. */
export async function main(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const teardown = newTeardown();
  const ending = new AbortController();
  let log: Log | undefined;
  let started: Promise<unknown> = Promise.resolve();
  let serving = false;

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
    teardown.force(layer.store).then(exit, exit);
  };
  onEnding(() => finish(0), force);
  // Whoever reads the output may leave; that is no reason to stop.
  process.stdout.on('error', () => undefined);
  onOrphaned(() => finish(0), env);
  const fail = (error: unknown) => {
    process.stderr.write(`${complaint(error)}\n`);
    finish(1);
  };
  handleDefects({ log: () => log, isServing: () => serving, isEnding: () => ending.signal.aborted, fail });
  try {
    const role = roleOf(args);
    Object.assign(env, withDotenv(env));
    const config = readConfig(env, role);
    log = openLog(config);
    const unknown = unknownVariables(env);
    if (unknown.length > 0) log.warn(unknown.join('; '));
    const serves = () => {
      serving = true;
    };
    const readiness = createReadiness(config);
    if (role !== 'worker') teardown.add(layer.readiness, 'readiness', readiness.drain, drainMsOf(config) + 1_000);
    started = startRole({ role, config, log, teardown, readiness, ending: ending.signal, serves });
    await started;
    if (role === 'migrate') finish(0);
  } catch (error) {
    if (!ending.signal.aborted) fail(error);
  }
}

function roleOf([name = 'all', ...rest]: string[]): Role {
  const role = roles.find((each) => each === name);
  if (!role || rest.length > 0) throw new OperatorError(`expected one role: ${roles.join(', ')}`);
  return role;
}

async function startRole(start: Start) {
  const { role, config, teardown } = start;
  const facts: Facts = { role };
  const deps = role === 'gateway' ? undefined : await startOnDatabase(start, facts);
  if (role === 'migrate') return void process.stdout.write('arkloop: the database schema is up to date\n');
  if (role === 'gateway') await startMetrics(start, facts);
  if (role === 'all' || role === 'gateway') {
    start.ending.throwIfAborted();
    const { startGateway } = await import('./gateway/gateway.ts');
    const ofGateway = {
      log: start.log,
      readiness: start.readiness,
      config: {
        ...config,
        gatewayUpstream: config.gatewayUpstream ?? facts.api,
        gatewayFrontendUpstream: config.gatewayFrontendUpstream ?? facts.api,
      },
      ...(await sources(start, deps)),
    };
    const gateway = await listening('ARKLOOP_GATEWAY_ADDR', config.gatewayAddr, () => startGateway(ofGateway));
    teardown.add(layer.edge, 'gateway', gateway.shutDown);
    start.serves();
    facts.gateway = gateway.address;
  }
  start.ending.throwIfAborted();
  start.readiness.started();
  process.stdout.write(banner(facts));
}

/** What a gateway knows callers by and where it keeps its log. One that starts alone does without what it was not given. */
async function sources({ config, log }: Start, deps: Deps | undefined) {
  if (deps) return { jwtSecret: deps.keys.jwtSecret, databaseUrl: deps.databaseUrl };
  await refuseWrongSettings();
  const { authJwtSecret, databaseUrl, databaseDirectUrl } = config;
  if (databaseUrl) {
    // A gateway serves without its database, and waits for none.
    const warn = (error: unknown) => log.warn(error instanceof OperatorError ? error.message : { err: error });
    checkDatabase(databaseUrl, databaseDirectUrl ?? databaseUrl, log).catch(warn);
  }
  if (!authJwtSecret) log.warn('ARKLOOP_AUTH_JWT_SECRET is not set: to this gateway all callers are anonymous');
  if (!databaseUrl)
    log.warn('ARKLOOP_DATABASE_URL is not set: this gateway keeps no access log and knows no stored settings, keys and IP rules');
  if (!databaseUrl && !config.gatewayRedisUrl)
    log.warn(
      'neither ARKLOOP_DATABASE_URL nor a Redis is set: the rate limits of this gateway are its own, and each further gateway adds to them',
    );
  return { jwtSecret: authJwtSecret ? Buffer.from(authJwtSecret, 'utf8') : undefined, databaseUrl };
}

async function startOnDatabase({ role, config, log, teardown, readiness, ending, serves }: Start, facts: Facts): Promise<Deps | undefined> {
  const dataDir = needsDataDir(role, config) ? await openDataDir(config.dataDir) : config.dataDir;
  const store = await openStore(config, dataDir, log);
  teardown.add(layer.store, 'database', store.stop);
  facts.place = store.place;
  ending.throwIfAborted();
  const { migrate } = await import('./db/migrate.ts');
  await migrate(store.directUrl);
  ending.throwIfAborted();
  if (role !== 'migrate') await refuseWrongSettings();
  const { openDatabase } = await import('./db/database.ts');
  const database = openDatabase(store.url, {
    max: config.apiDbPoolMaxConns,
    min: config.apiDbPoolMinConns,
    log,
    applicationName: `arkloop ${role}`,
  });
  teardown.add(layer.connections, 'connections', database.close);
  await makePartitions({ config, database, log });
  if (role === 'migrate') return;
  const deps = { config, keys: await readKeys(config, dataDir), database, databaseUrl: store.url, log, readiness };
  await startMetrics({ role, config, log, teardown }, facts, database);
  if (role !== 'worker') await startApiPart(deps, { teardown, serves }, facts);
  ending.throwIfAborted();
  if (role !== 'api') {
    const { startWorker } = await import('./worker.ts');
    serves();
    teardown.add(layer.parts, 'worker', (await startWorker(deps)).shutDown);
  }
  return deps;
}

/** Every role with the database makes those of today, so that a gateway finds its own before a worker has started. */
async function makePartitions({ config, database, log }: Pick<Deps, 'config' | 'database' | 'log'>) {
  const { keepAccessLogPartitions } = await import('./jobs/accessLogPartitions.ts');
  const { keepEventPartitions } = await import('./jobs/housekeeping.ts');
  await keepEventPartitions({ database, months: config.runEventsRetentionMonths, log });
  await keepAccessLogPartitions({ database, days: config.accessLogRetentionDays, log });
}

async function refuseWrongSettings() {
  const { settingProblems } = await import('./resources/settings/settings.ts');
  const problems = settingProblems(process.env);
  if (problems.length > 0) throw new OperatorError(problems.join('\n'));
}

/** Before the parts that are counted. */
async function startMetrics(
  { role, config, log, teardown }: Omit<Start, 'readiness' | 'ending' | 'serves'>,
  facts: Facts,
  database?: Database,
) {
  const { metricsAddr: address } = config;
  if (!address || role === 'migrate') return;
  const { openMetrics } = await import('./metrics.ts');
  const metrics = await listening('ARKLOOP_METRICS_ADDR', address, () => openMetrics(address, { role, database, log }));
  teardown.add(layer.parts, 'metrics', metrics.shutDown);
  facts.metrics = metrics.address;
}

/** With a database and both secrets configured nothing is kept on the disk, which may then be read-only. */
function needsDataDir(role: Role, { databaseUrl, authJwtSecret, encryptionKey }: Config) {
  return !databaseUrl || (role !== 'migrate' && !(authJwtSecret && encryptionKey));
}

/** All interfaces are reached through loopback. */
const reachable = (address: string) => address.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');

type Deps = Parameters<typeof import('./api.ts')['startApi']>[0];

async function startApiPart(deps: Deps, { teardown, serves }: Pick<Start, 'teardown' | 'serves'>, facts: Facts) {
  const { config } = deps;
  const { startApi } = await import('./api.ts');
  const { isPlaygroundBuilt } = await import('./http/playground.ts');
  await makeAdmin(deps, facts);
  const api = await listening('ARKLOOP_API_ADDR', config.apiAddr, () => startApi(deps));
  teardown.add(layer.edge, 'streams', api.endStreams);
  teardown.add(layer.parts, 'API', api.shutDown);
  serves();
  facts.api = reachable(api.address);
  facts.hasPlayground = isPlaygroundBuilt();
}

/** The administrator of the environment, who can sign in from the first request on, or the token that makes one. */
async function makeAdmin(deps: Deps, facts: Facts) {
  const { createFirstAdmin, newSetupToken, promoteConfiguredAdmin } = await import('./resources/bootstrap/firstAdmin.ts');
  await promoteConfiguredAdmin(deps);
  const { adminLogin: login, adminEmail: email, adminPassword: password } = deps.config;
  if (login && email && password) {
    await createFirstAdmin(deps, { login, email, password });
  }
  facts.setupToken = await newSetupToken(deps);
}
