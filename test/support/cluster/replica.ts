import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../../../server/database/embedded.ts';
import { openCluster } from '../../../server/database/embedded/cluster.ts';
import { launchPostmaster, stopPostmaster } from '../../../server/database/embedded/postmaster.ts';
import { migrate } from '../../../server/database/migrate.ts';
import { freePort } from '../app/ports.ts';
import { overTcp } from './overTcp.ts';
import { query } from './query.ts';

/** A primary of its own and a streaming replica. */
export type ReplicatedPostgres = {
  url: string;
  replicaUrl: string;
  /** Runs SQL as the superuser. */
  onPrimary(text: string): Promise<any[]>;
  onReplica(text: string): Promise<any[]>;
  stopReplica(): Promise<void>;
  startReplica(): Promise<void>;
  close(): Promise<void>;
};

/** Without durability. A replica needs at least as many connections as its primary. */
const settings = { fsync: 'off', max_connections: '100', wal_receiver_status_interval: '1s' };

/** Starts both. The embedded PostgreSQL has no `pg_basebackup`, so the replica is made with the low-level backup API. */
export async function startReplicatedPostgres(): Promise<ReplicatedPostgres> {
  const [primaryDir, replicaDir] = [await mkdtemp(join(tmpdir(), 'arkloop-primary-')), await mkdtemp(join(tmpdir(), 'arkloop-replica-'))];
  const primary = await startEmbeddedPostgres({ dataDir: primaryDir, log: pino({ level: 'silent' }), settings });
  await migrate(primary.url);
  await copyCluster(primary.superuserUrl, primaryDir, replicaDir);
  const cluster = { ...(await openCluster(replicaDir)), settings };
  const port = await freePort();
  const startReplica = async () => {
    const failure = await launchPostmaster(cluster, port);
    if (failure !== undefined) throw new Error(`the replica does not start: ${failure}`);
  };
  await startReplica();
  const at = (url: string) => Object.assign(overTcp(url), { port: `${port}` }).href;
  const stopReplica = () => stopPostmaster(cluster.folder);
  return {
    url: primary.url,
    replicaUrl: at(primary.url),
    onPrimary: (text) => query(primary.superuserUrl, text),
    onReplica: (text) => query(at(primary.superuserUrl), text),
    stopReplica,
    startReplica,
    async close() {
      await stopReplica();
      await primary.stop();
      await Promise.all([primaryDir, replicaDir].map((dir) => rm(dir, { recursive: true, force: true })));
    },
  };
}

/** The session that starts the backup must stay open until it stops it. */
async function copyCluster(superuserUrl: string, primaryDir: string, replicaDir: string) {
  const client = new pg.Client({ connectionString: superuserUrl });
  await client.connect();
  const [from, to] = [join(primaryDir, 'postgres'), join(replicaDir, 'postgres')];
  await client.query(`create role replicator login replication password 'replicator'`);
  await client.query(`select pg_backup_start('replica', true)`);
  const isOfProcess = (file: string) => ['postmaster.pid', 'postmaster.opts'].includes(file) || file.startsWith('.s.PGSQL.');
  await cp(from, to, { recursive: true, filter: (path) => !isOfProcess(path.slice(from.length + 1)) });
  const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)');
  await client.end();
  // The replica streams its log from the primary.
  await rm(join(to, 'pg_wal'), { recursive: true, force: true });
  await mkdir(join(to, 'pg_wal'), { mode: 0o700 });
  const { hostname, port } = new URL(superuserUrl);
  const connection = `host=${hostname} port=${port} user=replicator password=replicator`;
  await writeFile(join(to, 'backup_label'), rows[0]!.labelfile);
  await writeFile(join(to, 'standby.signal'), '');
  await writeFile(join(to, 'postgresql.auto.conf'), `primary_conninfo = '${connection}'\n`);
  for (const file of await readdir(primaryDir)) if (file.includes('password')) await cp(join(primaryDir, file), join(replicaDir, file));
}
