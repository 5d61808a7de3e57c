import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Log } from '../kernel/log.ts';
import { OperatorError } from '../kernel/operatorError.ts';
import { type Cluster, openCluster } from './embedded/cluster.ts';
import { takeLock, urlOf } from './embedded/lock.ts';
import { findPostmaster, launchPostmaster, type Postmaster, stopPostmaster } from './embedded/postmaster.ts';
import { ensureServing, servingUrl } from './embedded/servingRole.ts';

/** A PostgreSQL of our own: its URLs stay the same for the life of the process, also when the server had to be started again. */
export type Embedded = {
  /** For a role that owns the product's database and has no right beyond it. */
  url: string;
  /** For the superuser of the cluster: nothing that serves uses it. */
  superuserUrl: string;
  stop(): Promise<void>;
};

export type EmbeddedOptions = {
  dataDir: string;
  log: Log;
  /** Settings of PostgreSQL that differ from ours, such as those of a database that may be lost. */
  settings?: Readonly<Record<string, string>> | undefined;
};

type Holder = { lock: pg.Client; port: number };

/** Start PostgreSQL on `<dataDir>/postgres`, or adopt the one that a killed process left; throws an OperatorError while another instance uses it. */
export async function startEmbedded({ dataDir, log, settings }: EmbeddedOptions): Promise<Embedded> {
  const cluster = { ...(await openCluster(dataDir)), settings };
  const holder = await occupy(cluster);
  const supervision = supervise(cluster, holder, log);
  return { url: servingUrl(cluster, holder.port), superuserUrl: urlOf(cluster, holder.port), stop: supervision.stop };
}

/** Find or start the server and lock it; `fixed` is the port that clients already know. A server started in vain is ended again. */
async function occupy(cluster: Cluster, fixed?: number, patience = 60_000): Promise<Holder> {
  const deadline = Date.now() + patience;
  const attempt = { launched: false, failures: 0, contested: 0 };
  try {
    for (;;) {
      const server = await findPostmaster(cluster.folder);
      const lock = server ? await tryLock(cluster, server, deadline) : await launch(cluster, attempt, fixed);
      if (server && typeof lock === 'object') {
        await ensureServing(cluster, server.port, lock);
        return { lock, port: server.port };
      }
      // The backend of a process killed a moment ago may not yet have noticed.
      if (lock === 'taken' && ++attempt.contested > 10)
        throw new OperatorError(`ARKLOOP_DATA_DIR: another instance is using ${cluster.dataDir}`);
      if (Date.now() > deadline) throw new OperatorError(`the embedded PostgreSQL in ${cluster.folder} does not become ready`);
      await sleep(lock === 'launched' ? 0 : lock === 'starting' ? 20 : 100);
    }
  } catch (error) {
    if (attempt.launched && attempt.contested === 0) await stopPostmaster(cluster.folder);
    throw error;
  }
}

async function launch(cluster: Cluster, attempt: { launched: boolean; failures: number }, fixed?: number) {
  const failure = await launchPostmaster(cluster, fixed ?? (await freePort()));
  attempt.launched ||= failure === undefined;
  if (failure === undefined) return 'launched';
  if (++attempt.failures === 30) throw new OperatorError(`the embedded PostgreSQL does not start: ${failure}`);
  return 'failed';
}

async function tryLock(cluster: Cluster, { ready, port }: Postmaster, deadline: number) {
  if (!ready) return 'starting';
  return (await takeLock(cluster, port).catch(unlessOver(deadline))) ?? 'taken';
}

/** A server that starts, recovers or stops refuses connections for a while. */
function unlessOver(deadline: number) {
  return (error: unknown) => {
    if (error instanceof OperatorError || Date.now() > deadline) throw error;
    return 'refused' as const;
  };
}

/** Watch the locked connection; when it ends, start the server again on its port, at most ten times a minute. */
function supervise(cluster: Cluster, holder: Holder, log: Log) {
  let { lock } = holder;
  let stopping = false;
  let recovery = Promise.resolve();
  const restarts: number[] = [];

  async function recover() {
    while (!stopping) {
      const recent = restarts.filter((time) => Date.now() - time < 60_000).length;
      if (recent >= 10) return log.fatal('the embedded PostgreSQL keeps failing and is given up; see postgres.log in the data folder');
      restarts.push(Date.now());
      await sleep(recent * 200);
      try {
        const again = stopping ? undefined : await occupy(cluster, holder.port, 15_000);
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

/** A port that was free a moment ago; when someone else takes it first, the next launch asks again. */
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
