import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StorageState } from '../contract/health.ts';
import { createApp } from './app.ts';
import { type Channel, openChannel } from './db/channel.ts';
import { expectedSchemaVersion } from './db/expectedSchema.ts';
import { schemaVersion } from './db/migrate.ts';
import { createAccess } from './http/access.ts';
import { closeInStages, closeServer, noteAnswer } from './http/connections.ts';
import { safeHeaders } from './http/cors.ts';
import { messagesOf } from './http/messages.ts';
import { createCursors } from './http/pages.ts';
import { refuseUnreadable } from './http/unreadable.ts';
import { accessChannel, announceAccess, createBell, runChannel } from './jobs/bell.ts';
import { changeChannel, createChanges } from './jobs/changes.ts';
import { queue } from './jobs/queue.ts';
import type { App } from './kernel/app.ts';
import type { Config } from './kernel/config.ts';
import { deriveKey, type Keys } from './kernel/keys.ts';
import type { Log } from './kernel/log.ts';
import { openOutbound } from './kernel/openOutbound.ts';
import { createPasswords, type Passwords } from './kernel/passwords.ts';
import { createReadiness, type Readiness } from './kernel/readiness.ts';
import type { Database } from './kernel/sql.ts';
import { captchaProblem } from './resources/auth/captcha.ts';
import { watchIpRules } from './resources/ipRules/guard.ts';
import { prepareQuota } from './resources/quotas/check.ts';
import { createHub } from './resources/runs/hub.ts';
import { readSettings, watchSettings } from './resources/settings/settings.ts';
import { openStorage } from './storage/open.ts';
import { watchStorage } from './storage/watch.ts';

export type ProcessDeps = {
  config: Config;
  keys: Keys;
  database: Database;
  databaseUrl: string;
  log: Log;
  /** What settings are read from first, that of the process unless given. */
  env?: NodeJS.ProcessEnv;
  /** That of the process; ready at once unless given. */
  readiness?: Readiness;
  /** At the cost that production needs unless given. */
  passwords?: Passwords;
};

/** A running API. */
export type Api = { address: string; endStreams(): Promise<void>; shutDown(): Promise<void> };

/** How long running requests may take to finish after the process was told to stop. */
const drainMs = 10_000;

/** Slow senders are let go within a second (headers 10 s, whole request 30 s); answers, such as streams, may take as long as they like. */
const limits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 65_000,
  // Two credentials are none, instead of the one that happens to be first.
  joinDuplicateHeaders: true,
  // Asked for in `refuseMisframed`, so that a request without one is answered like others.
  requireHostHeader: false,
};

/** Start serving HTTP. */
export async function startApi(deps: ProcessDeps): Promise<Api> {
  const { config, keys, database, databaseUrl, log, env, passwords = createPasswords(), readiness = readyAtOnce(config) } = deps;
  const complain = (error: unknown) => log.warn({ err: error }, 'a notification was not sent');
  const access = createAccess({
    sql: database,
    jwtSecret: keys.jwtSecret,
    announce: announceAccess(database, complain),
    onKeyUseFailed: (error) => log.warn({ err: error }, 'the use of a key was not recorded'),
  });
  const bell = createBell(database, complain);
  const outbound = openOutbound(config);
  const storage = openStorage(config, log);
  const cursors = createCursors(deriveKey(keys.jwtSecret, 'cursors'));
  const hub = createHub({
    database,
    heartbeatMs: config.sseHeartbeatSeconds * 1_000,
    batch: config.sseBatchLimit,
    maxStreamsPerUser: config.maxStreamsPerUser,
    log,
  });
  const channel = openChannel(config.databaseDirectUrl ?? databaseUrl, [runChannel, accessChannel, changeChannel], log);
  const changes = createChanges(database, channel, complain);
  watchSettings({ config, keys, database, env }, changes);
  tellCaptcha(database, log).catch((error) => log.warn({ err: error }, 'the settings of the captcha were not checked'));
  const ipRules = watchIpRules(database, changes);
  const prepare: App['prepareQuota'] = (...asked) => prepareQuota(database, ...asked);
  const baseUrl = async () => (await readSettings(database))['app.base_url'];
  const app: App = {
    config,
    keys,
    log,
    database,
    access,
    passwords,
    ipRules,
    prepareQuota: prepare,
    baseUrl,
    queue,
    bell,
    changes,
    cursors,
    outbound,
    storage,
  };
  access.rememberOnly(false);
  channel.onState((up) => {
    access.rememberOnly(up);
    if (up) hub.lookAgain();
  });
  const heard = firstUp(channel);
  channel.on(accessChannel, (userId) => access.heardOf(userId));
  channel.on(runChannel, (ids) => {
    for (const id of ids.split(',')) hub.wake(id);
  });

  let stopping = false;
  const storageState = watchStorage(storage, log);
  const handler = createApp(app, hub, {
    ready: () => readinessOf(database, () => (stopping ? 'shutting down' : readiness.reason()), storageState),
  });
  const handle = (req: IncomingMessage, res: ServerResponse) => {
    noteAnswer(res);
    handler(req, res);
  };
  const server = createServer({ ...messagesOf(handler), ...limits }, handle);
  // Refused by the application, which answers in the error envelope.
  server.on('checkExpectation', handle);
  closeInStages(server);
  refuseUnreadable(server, { headers: safeHeaders });
  await heard;
  await listen(server, config.apiAddr);
  const { address, port, family } = server.address() as AddressInfo;
  return {
    address: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    endStreams: async () => hub.close(),
    async shutDown() {
      stopping = true;
      if (!deps.readiness) readiness.close();
      hub.close();
      await closeServer(server, drainMs);
      await Promise.all([channel.close(), outbound.close(), storage?.close()]);
    },
  };
}

/** Warn if only one captcha key is set. A failed read does not block startup. */
async function tellCaptcha(database: Database, log: Log) {
  const problem = captchaProblem(await readSettings(database));
  if (problem) log.warn(problem);
}

async function listen(server: Server, { host, port }: { host: string; port: number }) {
  server.listen(port, host);
  await once(server, 'listening');
}

function readyAtOnce(config: Config): Readiness {
  const readiness = createReadiness(config);
  readiness.started();
  return readiness;
}

/** Resolves once notifications are heard, or after 5 s: without them everything works, with more questions to the database. */
function firstUp(channel: Channel): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const late = setTimeout(resolve, 5_000);
  channel.onState((up) => {
    if (!up) return;
    clearTimeout(late);
    resolve();
  });
  return promise;
}

/**
 * `/readyz`: the process takes requests, the database answers within 2 s and has the schema this build expects. A store that is away is told and no
 * reason to send requests elsewhere: most need none, and no other API would have it.
 */
async function readinessOf(database: Database, unready: () => string | undefined, storageState: () => Promise<StorageState>) {
  const own = unready();
  if (own !== undefined) return { reason: own };
  const late = new Promise<never>((_, reject) => setTimeout(reject, 2_000, new Error('late')).unref());
  const version = await Promise.race([schemaVersion(database.pool), late]).catch(() => undefined);
  if (version === undefined) return { reason: 'database unreachable' };
  if (version !== expectedSchemaVersion) return { reason: `schema version mismatch: expected ${expectedSchemaVersion}, got ${version}` };
  return { schema_version: version, storage: await storageState() };
}
