import { type Sql, statement } from '../../kernel/sql.ts';

/** What stands for the messages of a thread up to and with a number. */
export type Summary = { up_to_number: number; summary: string };

/** Changes when a message that the summary was made of is hidden or edited. */
const digest = `(
  select encode(sha256(convert_to(string_agg(concat_ws(E'\\x1f', m.number, m.role, m.content, m.content_json), E'\\x1e' order by m.number), 'UTF8')), 'hex')
  from messages m where m.account_id = $1 and m.thread_id = $2 and m.visible and m.number <= `;

const selectSummary = statement<Summary>(`
  select s.up_to_number, s.summary from thread_summaries s
  where s.account_id = $1 and s.thread_id = $2 and s.up_to_number < $3 and s.digest = ${digest}s.up_to_number)
  order by s.up_to_number desc limit 1`);

// While the run is active nobody can edit; its row is locked so that it stays so until the summary is there.
const insertSummary = statement<never>(`
  with run as (
    select r.id from runs r
    where r.account_id = $1 and r.thread_id = $2 and r.id = $3 and r.status in ('running', 'waiting_for_input') for share)
  insert into thread_summaries (account_id, thread_id, up_to_number, summary, digest)
  select $1, $2, $4::integer, $5::text, ${digest}$4::integer) from run
  on conflict (account_id, thread_id, up_to_number) do update set summary = excluded.summary, digest = excluded.digest`);

/** The newest summary that still holds and ends before message `tail`, which is never part of one. */
export const readSummary = (sql: Sql, accountId: string, threadId: string, tail: number): Promise<Summary | undefined> =>
  sql.row(selectSummary, [accountId, threadId, tail]);

/** Keep a summary for later runs of the thread; a run that is over by now keeps nothing. */
export async function saveSummary(
  sql: Sql,
  run: { account_id: string; thread_id: string; id: string },
  { up_to_number, summary }: Summary,
): Promise<void> {
  await sql.run(insertSummary, [run.account_id, run.thread_id, run.id, up_to_number, summary.toWellFormed().replaceAll('\0', '')]);
}
