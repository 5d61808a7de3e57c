import type { ModelMessage } from '../agent/model.ts';
import { type Sql, statement } from '../kernel/sql.ts';
import type { LeasedRun } from './lease.ts';
import { readLog } from './recovery.ts';
import { matchingPairs } from './trail.ts';

type Resumed = { id: string; tail: number };

/** The runs that a run takes up, the newest first: one that failed may itself have taken up another. No more than 20. */
const selectResumed = statement<Resumed>(`
  with recursive resumed as (
    select r.id, r.resume_from_run_id, r.tail_message_number, 1 as depth from runs r where r.account_id = $1 and r.id = $2
    union all
    select r.id, r.resume_from_run_id, r.tail_message_number, depth + 1 from runs r join resumed on r.id = resumed.resume_from_run_id
    where r.account_id = $1 and depth < 20)
  select id, tail_message_number as tail from resumed order by depth`);

/** A prompt with the turns of the runs that this one takes up, each after the message it was to answer. What cannot be read is left out. */
export async function withResumedTurns(sql: Sql, run: LeasedRun, prompt: readonly ModelMessage[]): Promise<ModelMessage[]> {
  const messages = [...prompt];
  if (run.resume_from_run_id === null) return messages;
  for (const { id, tail } of await sql.rows(selectResumed, [run.account_id, run.resume_from_run_id])) {
    const asked = messages.findLastIndex((each) => 'number' in each && each.number !== undefined && each.number <= tail);
    messages.splice(asked + 1, 0, ...(await turnsOf(sql, id)));
  }
  return messages;
}

async function turnsOf(sql: Sql, runId: string): Promise<ModelMessage[]> {
  const log = await readLog(sql, runId).catch(() => undefined);
  if (!log) return [];
  const said: ModelMessage[] = log.answer?.text ? [{ role: 'assistant', content: log.answer.text }] : [];
  return matchingPairs([...log.trail, ...said]);
}
