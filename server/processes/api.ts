import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorSchema, type SchemaMonitor } from '../database/connection/schemaMonitor.ts';
import { expectedSchemaVersion } from '../database/expectedSchema.ts';
import { isServed } from '../database/migrate.ts';
import { openReadReplica } from '../database/replica/readReplica.ts';
import type { Database } from '../database/sql.ts';
import { createAccessControl } from '../http/access/accessControl.ts';
import type { App } from '../http/app.ts';
import { rejectMalformedRequests } from '../http/body/malformedRequest.ts';
import { announceClose, closeServer, enableLingeringClose, trackConnections, trackResponse } from '../http/connections.ts';
import { safeHeaders } from '../http/cors.ts';
import { messageClassesFor } from '../http/expressMessages.ts';
import { createCursors } from '../http/pages.ts';
import { queue } from '../jobs/queue.ts';
import { createConcurrencyLimiter, type SharedConcurrencyLimiter } from '../platform/concurrency.ts';
import type { Config } from '../platform/config/config.ts';
import { deriveKeyring } from '../platform/crypto/keyring.ts';
import type { Keys } from '../platform/crypto/keys.ts';
import { createPasswordHasher, type PasswordHasher } from '../platform/crypto/passwords.ts';
import { createOutboundFromConfig } from '../platform/outbound/outboundFromConfig.ts';
import { createReadiness, type Readiness } from '../platform/readiness.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { createCacheInvalidation, invalidationChannel } from '../pubsub/cacheInvalidation.ts';
import { cancellationChannel, createCallCancellation } from '../pubsub/callCancellation.ts';
import type { LocalRuns } from '../pubsub/localRuns.ts';
import type { NotificationChannel } from '../pubsub/notificationChannel.ts';
import { openNotificationChannel } from '../pubsub/openChannel.ts';
import { createPromptRequests, promptReplyChannel } from '../pubsub/promptRequests.ts';
import { accessChannel, createRunNotifier, parseRunNotification, runChannel } from '../pubsub/runNotifier.ts';
import { captchaWarning } from '../resources/auth/captcha.ts';
import { createIpRuleCache } from '../resources/ipRules/ipRuleCache.ts';
import { prepareQuota } from '../resources/quotas/check.ts';
import { enableSettingsCache, readSettings } from '../resources/settings/settings.ts';
import { createEventBroker } from '../runs/follow/eventBroker.ts';
import { openStorage } from '../storage/open.ts';
import { monitorStorage, type StorageMonitor } from '../storage/storageHealth.ts';
import { createApp } from './app.ts';

export type ProcessDeps = {
  config: Config;
  keys: Keys;
  database: Database;
  databaseUrl: string;
  log: Log;
  /** Settings are read from it first. Defaults to the environment of the process. */
  env?: NodeJS.ProcessEnv;
  /** Defaults to one that is ready at once. */
  readiness?: Readiness;
  /** Defaults to hashing at the cost that production needs. */
  passwords?: PasswordHasher;
  /** Joins the API and the worker if they are in the same process. */
  localRuns?: LocalRuns;
  /** Counts the streams of users. Defaults to those of this process. */
  openStreams?: SharedConcurrencyLimiter;
  /** Time limits of the HTTP server, in milliseconds. Defaults to `apiLimits`. */
  limits?: Partial<typeof apiLimits>;
};

export type Api = { address: string; endStreams(): Promise<void>; shutDown(): Promise<void> };

/** How long running requests may take to finish at shutdown, in milliseconds. */
const drainMs = 10_000;

/**
 * Slow senders are disconnected: headers within 10 s, then 1 KiB per second in each 30 s, or the rest of the body. Checked every second. Responses, such
 * as streams, have no time limit.
 */
export const apiLimits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 65_000,
  // Joins duplicate credentials into an invalid value. By default, Node uses the first one.
  joinDuplicateHeaders: true,
  // `rejectInvalidFraming` checks the header instead, so that its absence gets a regular error response.
  requireHostHeader: false,
};

export async function startApi(deps: ProcessDeps): Promise<Api> {
  const { config, keys, database, databaseUrl, log, env, passwords = createPasswordHasher(), readiness = readyAtOnce(config) } = deps;
  const { openStreams = createConcurrencyLimiter(config.maxStreamsPerUser), limits, localRuns } = deps;
  const complain = (error: unknown) => log.warn({ err: error }, 'a notification was not sent');
  const channel = openNotificationChannel({
    pubsubUrl: config.pubsubUrl,
    directUrl: config.databaseDirectUrl ?? databaseUrl,
    database,
    topics: [runChannel, accessChannel, invalidationChannel, cancellationChannel, promptReplyChannel],
    log,
  });
  const accessControl = createAccessControl({
    db: database,
    jwtSecrets: keys.jwtSecrets,
    secondFactorRequiredFrom: async () => (await readSettings(database))['auth.second_factor_required_from'],
    onKeyUseFailed: (error) => log.warn({ err: error }, 'the use of a key was not recorded'),
  });
  const { databaseReadUrl, apiDbPoolMaxConns: max } = config;
  const replica = databaseReadUrl
    ? openReadReplica({ url: databaseReadUrl, primary: database, max, applicationName: 'arkloop api replica', log })
    : undefined;
  const runNotifier = createRunNotifier(channel, complain);
  const outbound = createOutboundFromConfig(config);
  const storage = openStorage(config, log);
  const cursors = createCursors(deriveKeyring(keys.jwtSecrets, 'cursors'));
  const eventBroker = createEventBroker({
    database,
    storage,
    heartbeatMs: config.sseHeartbeatSeconds * 1_000,
    batch: config.sseBatchLimit,
    openStreams,
    log,
  });
  const cacheInvalidation = createCacheInvalidation(channel, complain);
  enableSettingsCache({ config, keys, database, env }, cacheInvalidation);
  warnIncompleteCaptcha(database, log).catch((error) => log.warn({ err: error }, 'the settings of the captcha were not checked'));
  const ipRules = createIpRuleCache(database, cacheInvalidation);
  const prepare: App['prepareQuota'] = (...asked) => prepareQuota(database, ...asked);
  const baseUrl = async () => (await readSettings(database))['app.base_url'];
  const app: App = {
    config,
    keys,
    log,
    database,
    replica,
    accessControl,
    passwords,
    ipRules,
    prepareQuota: prepare,
    baseUrl,
    queue,
    runNotifier,
    localRuns,
    cacheInvalidation,
    callCancellation: createCallCancellation(channel, complain),
    promptRequests: createPromptRequests(channel, complain),
    cursors,
    outbound,
    storage,
  };
  accessControl.enableCaching(false);
  channel.onConnectionChange((up) => {
    accessControl.enableCaching(up);
    if (up) eventBroker.notifyAll();
  });
  const heard = firstUp(channel);
  channel.on(accessChannel, (userId) => accessControl.invalidateUser(userId));
  localRuns?.onEvents(eventBroker.publish);
  channel.on(runChannel, (payload) => {
    const { runIds, sender } = parseRunNotification(payload);
    if (sender === '' || sender !== localRuns?.sender) for (const id of runIds) eventBroker.notify(id);
  });

  let stopping = false;
  const schemaMonitor = monitorSchema(databaseUrl);
  const storageMonitor = monitorStorage(storage, log);
  const handler = createApp(app, eventBroker, {
    ready: () => checkReadiness(() => (stopping ? 'shutting down' : readiness.reason()), schemaMonitor, storageMonitor, channel),
  });
  let lastResponses = false;
  readiness.onChange((state) => {
    lastResponses = state === 'shutting down';
  });
  const handle = (req: IncomingMessage, res: ServerResponse) => {
    trackResponse(res);
    if (lastResponses) announceClose(res);
    handler(req, res);
  };
  const server = createServer({ ...messageClassesFor(handler), ...apiLimits, ...limits }, handle);
  // The application rejects the request, so that the response has the error envelope.
  server.on('checkExpectation', handle);
  enableLingeringClose(server);
  trackConnections(server);
  rejectMalformedRequests(server, { headers: safeHeaders });
  await Promise.all([heard, schemaMonitor.first]);
  await listen(server, config.apiAddr);
  const { address, port, family } = server.address() as AddressInfo;
  return {
    address: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    endStreams: async () => eventBroker.close(),
    async shutDown() {
      stopping = true;
      if (!deps.readiness) readiness.close();
      eventBroker.close();
      await closeServer(server, drainMs);
      await accessControl.close();
      storageMonitor.stop();
      await Promise.all([schemaMonitor.close(), channel.close(), outbound.close(), storage?.close(), replica?.close()]);
    },
  };
}

/** Warn if only one captcha key is set. A failed read does not block startup. */
async function warnIncompleteCaptcha(database: Database, log: Log) {
  const problem = captchaWarning(await readSettings(database));
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

/** Resolves once notifications are received, or after 5 s. Without them everything works, with more database queries. */
function firstUp(channel: NotificationChannel): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const late = setTimeout(resolve, 5_000);
  channel.onConnectionChange((up) => {
    if (!up) return;
    clearTimeout(late);
    resolve();
  });
  return promise;
}

/**
 * `/readyz`, from what is known: the process accepts requests, the database responds and has the schema that this build expects, or a newer compatible one:
 * migrations run before the processes are replaced, and the old ones serve until then. An unavailable object store or broker is reported but does not
 * make the process unready: most requests do not need it, and other API processes could not reach it either.
 */
async function checkReadiness(
  unready: () => string | undefined,
  schemaMonitor: SchemaMonitor,
  storageMonitor: StorageMonitor,
  channel: NotificationChannel,
) {
  const own = unready();
  if (own !== undefined) return { reason: own };
  const [schema, storage] = await Promise.all([schemaMonitor.current(), storageMonitor.state()]);
  if (schema === undefined) return { reason: 'database unreachable' };
  if (!isServed(schema)) return { reason: `schema version mismatch: expected ${expectedSchemaVersion}, got ${schema.version}` };
  const notifications = channel.isUp ? ('ok' as const) : ('unreachable' as const);
  return { schema_version: schema.version, storage, notifications };
}
