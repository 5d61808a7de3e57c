import { sql } from 'kysely';
import type { RunEventInput } from '../../contract/events.ts';
import { statement } from '../database/statement.ts';

type Waiting = Extract<RunEventInput, { type: 'run.waiting_for_input' }>['data'];
type OfRun = { accountId: string; id: string };

export const selectPosition = statement<OfRun>({ isShort: true })((db, $) =>
  db.selectFrom('runs').select(['status', 'next_seq']).where('account_id', '=', $.accountId).where('id', '=', $.id),
);

/** The answer of a run, and the question that it waits with. */
export const selectOutcome = statement<OfRun>({ isShort: true })((db, $) =>
  db
    .selectFrom('runs as r')
    .select((eb) => [
      eb
        .selectFrom('messages as m')
        .select('m.content')
        .whereRef('m.account_id', '=', 'r.account_id')
        .whereRef('m.thread_id', '=', 'r.thread_id')
        .whereRef('m.run_id', '=', 'r.id')
        .where('m.role', '=', sql.lit('assistant' as const))
        .where('m.visible', '=', sql.lit(true))
        .orderBy('m.number', 'desc')
        .limit(sql.lit(1))
        .as('answer'),
      eb
        .selectFrom('run_events as e')
        .select((of) => of.ref('e.data').$castTo<Waiting>().as('data'))
        .whereRef('e.run_id', '=', 'r.id')
        .where('r.status', '=', sql.lit('waiting_for_input' as const))
        .where('e.type', '=', sql.lit('run.waiting_for_input'))
        .orderBy('e.seq', 'desc')
        .limit(sql.lit(1))
        .as('question'),
    ])
    .where('r.account_id', '=', $.accountId)
    .where('r.id', '=', $.id),
);
