import type { Bucket } from '../kernel/bucket.ts';
import { rateLimited } from '../kernel/failure.ts';
import { type Sql, statement } from '../kernel/sql.ts';

/**
 * Something that is counted: at most `most` times in a window that opens with the first and lasts `seconds`.
 * One that `locks` closes for as long again when it is reached.
 */
export type Limit = {
  readonly bucket: Bucket;
  readonly most: number;
  readonly seconds: number;
  readonly reason: string;
  readonly locks?: true;
};

type Count = { bucket: string; count: number; seconds: number };

const counted = `bucket, count, extract(epoch from window_ends - clock_timestamp())::float8 as seconds`;
const countOne = statement<Count>(`
  insert into attempt_counts as c (bucket, count, window_ends) values ($1, 1, now() + make_interval(secs => $2))
  on conflict (bucket) do update set
    count = case when c.window_ends <= now() then 1 else c.count + 1 end,
    window_ends = case when c.window_ends <= now() or c.count + 1 = $3 then excluded.window_ends else c.window_ends end
  returning ${counted}`);
const selectCounts = statement<Count>(`select ${counted} from attempt_counts where bucket = any($1) and window_ends > now()`);
const discount = statement<never>('update attempt_counts set count = count - 1 where bucket = $1 and count > 0');
const deleteCount = statement<never>('delete from attempt_counts where bucket = $1');
// Each count takes more away than it adds, so that guesses under ever new names cannot fill the table.
const sweep = statement<never>(`
  delete from attempt_counts where bucket in (
    select bucket from attempt_counts where window_ends < now() order by window_ends limit 10 for update skip locked)`);

/** Throws 429 while one of the limits is reached. */
export async function refuseWhileFull(sql: Sql, limits: readonly Limit[]): Promise<void> {
  const counts = await sql.rows(selectCounts, [limits.map(({ bucket }) => bucket)]);
  refuseOver(limits, counts, 0);
}

/** Count one more against each of the limits, whatever becomes of the request. Throws 429 when that was one too many. */
export async function countAgainst(sql: Sql, limits: readonly Limit[]): Promise<void> {
  const counts: Count[] = [];
  for (const { bucket, seconds, most, locks } of limits) counts.push((await sql.row(countOne, [bucket, seconds, locks ? most : null]))!);
  await sql.run(sweep);
  refuseOver(limits, counts, 1);
}

/** Count one more against each of the limits in turn, up to the first that was reached; the seconds until that one ends, or undefined. */
export async function countUpTo(sql: Sql, limits: readonly Limit[]): Promise<number | undefined> {
  await sql.run(sweep);
  for (const { bucket, seconds, most } of limits) {
    const row = (await sql.row(countOne, [bucket, seconds, null]))!;
    if (row.count > most) return row.seconds;
  }
  return undefined;
}

/** Count one less. */
export const takeBack = (sql: Sql, { bucket }: Limit) => sql.run(discount, [bucket]);

/** Begin at zero again. */
export const forgetCount = (sql: Sql, { bucket }: Limit) => sql.run(deleteCount, [bucket]);

function refuseOver(limits: readonly Limit[], counts: readonly Count[], own: number) {
  const full = limits.flatMap(({ bucket, most, reason }) =>
    counts.filter((row) => row.bucket === bucket && row.count - own >= most).map(({ seconds }) => ({ reason, seconds })),
  );
  const last = full.sort((a, b) => b.seconds - a.seconds)[0];
  if (last) throw rateLimited(last.reason, last.seconds);
}
