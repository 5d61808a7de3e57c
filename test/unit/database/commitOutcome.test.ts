import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { createCommitCheck, identifyText, type TransactionId } from '../../../server/database/connection/commitCheck.ts';
import { openDatabase } from '../../../server/database/database.ts';
import { startEmbeddedPostgres } from '../../../server/database/embedded.ts';
import { statement } from '../../../server/database/statement.ts';
import { freshDatabase } from '../../support/app/testApp.ts';
import { faults, startCuttableDatabase } from '../../support/cluster/cuttableDatabase.ts';
import { eventually } from '../../support/resources/conversation.ts';

const url = await freshDatabase();
const client = new pg.Client({ connectionString: url });
await client.connect();
afterAll(() => client.end());
await client.query(
  `create table written (n int); create function write_row(n int) returns int language sql as 'insert into written values (n) returning n'`,
);
const insert = statement<{ n: number }>()((db, $) => db.selectNoFrom(sql<number>`write_row(${$.n}::int)`.as('n')));

async function openCuttable() {
  const proxy = await startCuttableDatabase(url);
  const database = openDatabase(proxy.url, { max: 4, log: { debug() {}, warn() {} } as never, applicationName: 'arkloop commits' });
  onTestFinished(() => database.close());
  const told: number[] = [];
  const write = (n: number) =>
    database.transaction(async (tx) => {
      tx.afterCommit(() => told.push(n));
      return (await tx.row(insert, { n }))!.n;
    });
  return { proxy, database, write, told };
}
type Opened = Awaited<ReturnType<typeof openCuttable>>;

/** Keeps a transaction open, beside which others share flushes, until the test ends. */
async function besideAnother({ database, proxy, write }: Opened) {
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const other = database.transaction(async (tx) => {
    await tx.row(insert, { n: 0 });
    await over;
  });
  onTestFinished(async () => {
    end();
    await other.catch(() => undefined);
  });
  await eventually(async () => {
    const before = proxy.count('flush');
    await write(0);
    return proxy.count('flush') > before && before > 0;
  }, 'a flush of transactions');
}

const isWritten = async (n: number) => (await client.query('select from written where n = $1', [n])).rowCount === 1;
let next = 1;

for (const fault of faults.filter((each) => each !== 'hanging'))
  test(`a commit whose connection is cut ${fault} it resolves if it is committed, and rejects if it is not`, async () => {
    const { proxy, write, told } = await openCuttable();
    await write(0);
    const n = next++;
    const isCut = proxy.breakAt('commit', fault);
    const outcome = await write(n).then(
      () => 'committed',
      () => 'rejected',
    );
    expect(isCut()).toBe(true);
    const written = await isWritten(n);
    expect({ outcome, told: told.includes(n) }).toEqual({ outcome: written ? 'committed' : 'rejected', told: written });
    if (fault !== 'during') expect(written).toBe(fault === 'after');
    expect(await write(next++)).toBe(next - 1);
  });

test.each(faults)('transactions whose flush is cut or stays without an answer (%s) resolve when they are on disk', async (fault) => {
  const opened = await openCuttable();
  const { proxy, write, told } = opened;
  await besideAnother(opened);
  const isCut = proxy.breakAt('flush', fault);
  const numbers = Array.from({ length: 20 }, () => next++);
  const began = performance.now();
  expect(await Promise.all(numbers.map(write))).toEqual(numbers);
  expect(isCut()).toBe(true);
  expect(performance.now() - began).toTakeLessThan(4_000);
  const { rows } = await client.query('select n from written where n = any($1) order by n', [numbers]);
  expect(rows.map(({ n }) => n)).toEqual(numbers);
  expect(told).toEqual(expect.arrayContaining(numbers));
});

test('if PostgreSQL cannot be asked, a transaction rejects, and what follows its commit is called', async () => {
  const { proxy, write, told } = await openCuttable();
  await write(0);
  const n = next++;
  proxy.breakAt('commit', 'after');
  proxy.refuse();
  await expect(write(n)).rejects.toThrow();
  expect([await isWritten(n), told]).toEqual([true, [0, n]]);
});

test('a transaction whose session is idle is ended, so that it is known to be aborted, and many are asked about at once', async () => {
  const connect = async () => {
    const own = new pg.Client({ connectionString: url });
    await own.on('error', () => undefined).connect();
    return own;
  };
  const check = createCommitCheck(connect);
  const begin = async () => {
    const own = await connect();
    onTestFinished(() => own.end());
    await own.query('begin');
    const { rows } = await own.query<TransactionId>(identifyText);
    return { own, id: rows[0]! };
  };
  const [idle, committed] = [await begin(), await begin()];
  await committed.own.query('commit');
  expect(await Promise.all([idle, committed].map(({ id }) => check(id)))).toEqual([false, true]);
  await expect(idle.own.query('commit')).rejects.toThrow();
});

test('after a crash of PostgreSQL, nothing is said about transactions before it: their ids may be given again', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'arkloop-crash-'));
  const postgres = await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }) });
  onTestFinished(async () => {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
  const connect = async () => {
    const own = new pg.Client({ connectionString: postgres.url, connectionTimeoutMillis: 2_000 });
    await own.on('error', () => undefined).connect();
    return own;
  };
  const check = createCommitCheck(connect);
  const own = await connect();
  const { rows } = await own.query<TransactionId & { pid: number }>(`${identifyText}, pg_backend_pid() as pid`);
  expect(await check(rows[0]!)).toBe(true);
  process.kill(rows[0]!.pid, 'SIGKILL');
  await eventually(
    () =>
      connect().then(
        (again) => again.end().then(() => true),
        () => false,
      ),
    'the recovery',
  );
  expect(await check(rows[0]!)).toBe(undefined);
  await own.end().catch(() => undefined);
});
