import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createPartitions } from '../../../server/jobs/partitions/maintainPartitions.ts';
import { firstIdOf } from '../../../server/platform/crypto/ids.ts';
import { selectEntries } from '../../../server/resources/accessLog/queries.ts';
import { startTestApp } from '../../support/app/testApp.ts';

const { sql, database } = await startTestApp({}, { worker: false });
const log = pino({ level: 'silent' });
for (const date of ['2042-03-07', '2042-03-10']) await createPartitions({ database, log }, new Date(date));

const nodesOf = (node: any): any[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** Five days of log lines, eight seconds apart. */
const fiveDays = `insert into access_log
  select overlay(uuidv7()::text placing substr(lpad(to_hex((extract(epoch from ts) * 1000)::bigint), 12, '0'), 1, 8) || '-' ||
      substr(lpad(to_hex((extract(epoch from ts) * 1000)::bigint), 12, '0'), 9) from 1 for 13)::uuid,
    ts, '', 'GET', '/v1/x' || n, 200, 1, '203.0.113.' || n % 250, '', '', '', 'tool', 0.1, 'anonymous', '', ''
  from (select n, timestamptz '2042-03-07T00:00:00Z' + n * interval '8 seconds' as ts from generate_series(0, 53999) n) as lines`;

test.for(['force_generic_plan', 'force_custom_plan'])(
  'with %s only partitions within the bounds are scanned, backward by index, and no further than the page',
  async (mode) => {
    await sql('truncate access_log');
    await sql(fiveDays);
    await sql('analyze access_log');
    const client = await database.pool.connect();
    try {
      await client.query(`set plan_cache_mode = ${mode}`);
      await client.query(`prepare page as ${selectEntries.text}`);
      /** The rows read per partition, most first. */
      const readOf = async (before: string, since: string): Promise<[partition: string, rows: number][]> => {
        const given: Record<string, string> = { before: `'${before}'`, since: `'${since}'`, limit: '51' };
        const values = selectEntries.parameters.map((name) => given[name] ?? 'null').join(', ');
        const { rows } = await client.query(`explain (analyze, format json, costs off, timing off) execute page (${values})`);
        const scans = nodesOf(rows[0]['QUERY PLAN'][0].Plan).filter((node) => (node['Relation Name'] ?? '').startsWith('access_log'));
        expect(scans.map((node) => [node['Node Type'], node['Scan Direction']])).toEqual(scans.map(() => ['Index Scan', 'Backward']));
        const read = scans.filter((node) => node['Actual Loops'] > 0);
        return read.map((node) => [node['Relation Name'], node['Actual Rows']] as [string, number]).sort((a, b) => b[1] - a[1]);
      };
      const [ninth, tenth] = ['2042-03-09', '2042-03-10'].map((date) => firstIdOf(new Date(date))) as [string, string];
      expect(await readOf(tenth, ninth)).toEqual([['access_log_2042_03_09', 51]]);
      const all = await readOf('ffffffff-ffff-ffff-ffff-ffffffffffff', '00000000-0000-0000-0000-000000000000');
      expect(all[0]).toEqual(['access_log_2042_03_11', 51]);
      expect(all.slice(1).every(([, rows]) => rows <= 1)).toBe(true);
    } finally {
      client.release(true);
    }
  },
);
