import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from './app.ts';
import { openChannel } from './db/channel.ts';
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
import type { Database } from './kernel/sql.ts';
import { captchaProblem } from './resources/auth/captcha.ts';
import { watchIpRules } from './resources/ipRules/guard.ts';
import { prepareQuota } from './resources/quotas/check.ts';
import { createHub } from './resources/runs/hub.ts';
import { readSettings, watchSettings } from './resources/settings/settings.ts';
import { openStorage } from './storage/open.ts';

export type ProcessDeps = {
  config: Config;
  keys: Keys;
  database: Database;
  databaseUrl: string;
  log: Log;
  /** What settings are read from first, that of the process unless given. */
  env?: NodeJS.ProcessEnv;
};

/** A running API. */
export type Api = { address: string; shutDown(): Promise<void> };

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
export async function startApi({ config, keys, database, databaseUrl, log, env }: ProcessDeps): Promise<Api> {
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
  channel.on(accessChannel, (userId) => access.heardOf(userId));
  channel.on(runChannel, (ids) => {
    for (const id of ids.split(',')) hub.wake(id);
  });

  let stopping = false;
  const handler = createApp(app, hub, { ready: () => readiness(database, () => stopping) });
  const handle = (req: IncomingMessage, res: ServerResponse) => {
    noteAnswer(res);
    handler(req, res);
  };
  const server = createServer({ ...messagesOf(handler), ...limits }, handle);
  // Refused by the application, which answers in the error envelope.
  server.on('checkExpectation', handle);
  closeInStages(server);
  refuseUnreadable(server, { headers: safeHeaders });
  await listen(server, config.apiAddr);
  const { address, port, family } = server.address() as AddressInfo;
  return {
    address: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    async shutDown() {
      stopping = true;
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

/** `/readyz`: the database answers within 2 s and has the schema this build expects. */
async function readiness(database: Database, stopping: () => boolean) {
  if (stopping()) return { reason: 'shutting down' };
  const late = new Promise<never>((_, reject) => setTimeout(reject, 2_000, new Error('late')).unref());
  const version = await Promise.race([schemaVersion(database.pool), late]).catch(() => undefined);
  if (version === undefined) return { reason: 'database unreachable' };
  if (version !== expectedSchemaVersion) return { reason: `schema version mismatch: expected ${expectedSchemaVersion}, got ${version}` };
  return { schema_version: version };
}
