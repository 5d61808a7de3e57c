import { sql } from 'kysely';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../server/database/database.ts';
import { startEmbeddedPostgres } from '../../../server/database/embedded.ts';
import { statement } from '../../../server/database/statement.ts';
import { temporaryDataDir } from '../../support/app/instance.ts';
import { processesOf } from '../../support/cluster/processes.ts';
import { eventually } from '../../support/resources/conversation.ts';

const insert = statement<{ n: number }>()((db, $) => db.selectNoFrom(sql<unknown>`write_row(${$.n}::int)`.as('written')));
const selectWritten = statement()((db) => db.selectNoFrom(sql<number[]>`array(select n from written)`.as('numbers')));
/** Also those that write the log in the background. */
const selectProcesses = statement()((db) => db.selectNoFrom(sql<number[]>`array(select pid from pg_stat_activity)`.as('pids')));

function killHard(pid: number) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended with the others.
  }
}

const writers = 20;

test('what parallel transactions have acknowledged is there after all processes of PostgreSQL were killed', async () => {
  const dataDir = temporaryDataDir();
  const log = pino({ level: 'silent' });
  const postgres = await startEmbeddedPostgres({ dataDir, log });
  onTestFinished(() => postgres.stop());
  const database = openDatabase(postgres.url, { max: 8, log, applicationName: 'arkloop test' });
  onTestFinished(() => database.close());
  await database.pool.query(`create table written (n int primary key);
    create function write_row(n int) returns void language sql as 'insert into written values (n)'`);
  let last = 0;
  for (let round = 0; round < 5; round++) {
    const acknowledged: number[] = [];
    let isDown = false;
    const writing = Array.from({ length: writers }, async () => {
      while (!isDown) {
        const n = ++last;
        await database
          .transaction((tx) => tx.row(insert, { n }))
          .then(
            () => acknowledged.push(n),
            () => {
              isDown = true;
            },
          );
      }
    });
    await eventually(async () => acknowledged.length > 500, 'acknowledged transactions');
    const { pids } = (await database.row(selectProcesses))!;
    for (const pid of [...processesOf(dataDir), ...pids]) killHard(pid);
    await Promise.all(writing);
    const { numbers } = (await eventually(() => database.row(selectWritten).catch(() => undefined), 'the restart'))!;
    const found = new Set(numbers);
    expect(acknowledged.filter((n) => !found.has(n))).toEqual([]);
  }
});
