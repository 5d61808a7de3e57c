import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { OperatorError } from '../platform/operatorError.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { type Cluster, openCluster } from './embedded/cluster.ts';
import { superuserUrlOf, takeInstanceLock } from './embedded/instanceLock.ts';
import { type Address, findPostmaster, launchPostmaster, type Postmaster, stopPostmaster } from './embedded/postmaster.ts';
import { ensureServingRole, servingUrl } from './embedded/servingRole.ts';

/** The embedded PostgreSQL. Its URLs stay the same for the life of the process, even if the server is restarted. */
export type EmbeddedPostgres = {
  /** For a role that owns the product database and has no other rights. */
  url: string;
  /** For the superuser of the cluster. Serving processes do not use it. */
  superuserUrl: string;
  stop(): Promise<void>;
};

export type EmbeddedOptions = {
  dataDir: string;
  log: Log;
  /** PostgreSQL settings that override the defaults, for example for a disposable database. */
  settings?: Readonly<Record<string, string>> | undefined;
};

type Holder = { lock: pg.Client; address: Address };

/**
 * Starts PostgreSQL on `<dataDir>/postgres`, or adopts a server left by a killed process. Throws an `OperatorError` while another instance uses it.
 */
export async function startEmbeddedPostgres({ dataDir, log, settings }: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const cluster = { ...(await openCluster(dataDir)), settings };
  const holder = await startAndLock(cluster);
  const supervision = supervise(cluster, holder, log);
  const { address } = holder;
  return { url: servingUrl(cluster, address), superuserUrl: superuserUrlOf(cluster, address), stop: supervision.stop };
}

/** The embedded PostgreSQL of another process that is running. Undefined if no process uses the data folder. */
export async function joinEmbeddedPostgres(dataDir: string): Promise<Pick<EmbeddedPostgres, 'url' | 'stop'> | undefined> {
  const cluster = await openCluster(dataDir);
  const server = await findPostmaster(cluster.folder);
  if (!server?.ready) return undefined;
  const lock = await takeInstanceLock(cluster, server);
  // The lock is free after a process was killed.
  if (lock) return void (await lock.end());
  return { url: servingUrl(cluster, server), stop: async () => undefined };
}

/**
 * Finds or starts the server and locks it. `fixed` is the address that clients already use. If locking fails, a server started here is stopped again.
 */
async function startAndLock(cluster: Cluster, fixed?: Address, patience = 60_000): Promise<Holder> {
  const deadline = performance.now() + patience;
  const attempt = { launched: false, failures: 0, contested: 0 };
  try {
    for (;;) {
      const server = await findPostmaster(cluster.folder);
      const lock = server ? await tryLock(cluster, server, deadline) : await launch(cluster, attempt, fixed);
      if (server && typeof lock === 'object') {
        await ensureServingRole(cluster, server, lock);
        return { lock, address: server };
      }
      // The backend of a process that was just killed may still hold the lock.
      if (lock === 'taken' && ++attempt.contested > 10)
        throw new OperatorError(`ARKLOOP_DATA_DIR: another instance is using ${cluster.dataDir}`);
      if (performance.now() > deadline) throw new OperatorError(`the embedded PostgreSQL in ${cluster.folder} does not become ready`);
      await sleep(lock === 'launched' ? 0 : lock === 'starting' ? 20 : 100);
    }
  } catch (error) {
    if (attempt.launched && attempt.contested === 0) await stopPostmaster(cluster.folder);
    throw error;
  }
}

async function launch(cluster: Cluster, attempt: { launched: boolean; failures: number }, fixed?: Address) {
  // Some file systems have no sockets.
  const hasSocket = fixed ? fixed.socketFolder !== '' : attempt.failures === 0;
  const failure = await launchPostmaster(cluster, fixed?.port ?? (await freePort()), hasSocket);
  attempt.launched ||= failure === undefined;
  if (failure === undefined) return 'launched';
  if (++attempt.failures === 30) throw new OperatorError(`the embedded PostgreSQL does not start: ${failure}`);
  return 'failed';
}

async function tryLock(cluster: Cluster, server: Postmaster, deadline: number) {
  if (!server.ready) return 'starting';
  return (await takeInstanceLock(cluster, server).catch(retryUntil(deadline))) ?? 'taken';
}

/** A server rejects connections for a while during startup, recovery and shutdown. */
function retryUntil(deadline: number) {
  return (error: unknown) => {
    if (error instanceof OperatorError || performance.now() > deadline) throw error;
    return 'refused' as const;
  };
}

/** Watches the connection that holds the lock. When it ends, restarts the server on the same port, at most ten times a minute. */
function supervise(cluster: Cluster, holder: Holder, log: Log) {
  let { lock } = holder;
  let stopping = false;
  let recovery = Promise.resolve();
  const restarts: number[] = [];

  async function recover() {
    while (!stopping) {
      const recent = restarts.filter((time) => performance.now() - time < 60_000).length;
      if (recent >= 10) return log.fatal('the embedded PostgreSQL keeps failing and is given up; see postgres.log in the data folder');
      restarts.push(performance.now());
      await sleep(recent * 200);
      try {
        const again = stopping ? undefined : await startAndLock(cluster, holder.address, 15_000);
        if (!again) return;
        lock = again.lock;
        watch();
        return log.warn('the embedded PostgreSQL runs again');
      } catch (error) {
        log.error({ err: error }, 'the embedded PostgreSQL did not start');
      }
    }
  }

  function watch() {
    lock.once('end', () => {
      if (stopping) return;
      log.warn('the connection to the embedded PostgreSQL was lost');
      recovery = recover();
    });
  }

  async function stop() {
    stopping = true;
    await recovery;
    await stopPostmaster(cluster.folder);
    await lock.end().catch(() => undefined);
  }

  watch();
  return { stop };
}

/** A port that was free a moment ago. If another process takes it first, the next launch gets a new one. */
function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.on('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
  });
  return promise;
}
