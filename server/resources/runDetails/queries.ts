import { expressionBuilder, sql } from 'kysely';
import { type RowOf, statement } from '../../database/statement.ts';
import type { Tables } from '../../database/tables.ts';
import { creditsUsed, runColumns, tailMessageId } from '../runs/queries.ts';

/** Run `r` with its selected route and its cost in credits. */
const detailColumns = [
  ...runColumns,
  sql<string | null>`r.route_snapshot #>> '{event,model}'`.as('selected_model'),
  sql<string | null>`r.route_snapshot #>> '{event,provider_kind}'`.as('provider_kind'),
  sql<string | null>`r.route_snapshot #>> '{event,credential_name}'`.as('credential_name'),
  sql<string | null>`coalesce(r.route_snapshot #>> '{event,persona_model}', r.persona_snapshot ->> 'model')`.as('persona_model'),
  creditsUsed().as('credits_used'),
] as const;

/** The number of the message that run `r`, with archive `a`, answers. */
function tailMessageNumber() {
  const eb = expressionBuilder<Tables & { r: Tables['runs']; a: Tables['run_event_archives'] }, 'r' | 'a'>();
  const number = eb
    .selectFrom('messages as t')
    .select('t.number')
    .whereRef('t.account_id', '=', 'r.account_id')
    .whereRef('t.thread_id', '=', 'r.thread_id')
    .where('t.id', '=', tailMessageId());
  return sql<number>`coalesce(${number}, r.tail_message_number)`;
}

/**
 * A run of any account. `user_prompt` is the last user message at the time the run was created. Messages hidden since are skipped, unless
 * it was the newest message then.
 */
export const selectRun = statement<{ id: string }>()((db, $) =>
  db
    .selectFrom('runs as r')
    .leftJoin('users as u', 'u.id', 'r.created_by_user_id')
    .leftJoin('run_event_archives as a', 'a.run_id', 'r.id')
    .innerJoinLateral(
      (eb) =>
        eb
          .selectFrom('run_events')
          .select(({ fn }) => {
            const countOf = (type: string) =>
              sql<number>`${fn.countAll().filterWhere('type', '=', sql.lit(type))} + coalesce((a.event_counts ->> ${sql.lit(type)})::int, 0)`;
            return [
              sql<number>`${fn.countAll()} + coalesce(a.event_count, 0)`.as('total'),
              countOf('llm.turn.completed').as('llm_turns'),
              countOf('tool.call').as('tool_calls'),
              countOf('run.provider_fallback').as('provider_fallbacks'),
            ];
          })
          .whereRef('run_id', '=', 'r.id')
          .as('stats'),
      (join) => join.onTrue(),
    )
    .select([...detailColumns, 'u.username as user_name', 'u.email as user_email'])
    .selectAll('stats')
    .select((eb) =>
      eb
        .selectFrom(['messages as m', db.selectNoFrom(tailMessageNumber().as('number')).as('tail')])
        .select('m.content')
        .whereRef('m.account_id', '=', 'r.account_id')
        .whereRef('m.thread_id', '=', 'r.thread_id')
        .where('m.role', '=', sql.lit('user' as const))
        .whereRef('m.number', '<=', 'tail.number')
        .where((of) => of.or([of('m.visible', '=', sql.lit(true)), of('m.number', '=', of.ref('tail.number'))]))
        .orderBy('m.number', 'desc')
        .limit(sql.lit(1))
        .as('user_prompt'),
    )
    .where('r.id', '=', $.id),
);

export const selectChildren = statement<{ accountId: string; id: string }>({ bound: 'run' })((db, $) =>
  db
    .selectFrom('runs as r')
    .select(detailColumns)
    .where('r.account_id', '=', $.accountId)
    .where('r.parent_run_id', '=', $.id)
    .orderBy('r.created_at')
    .orderBy('r.id'),
);

export type DetailRow = RowOf<typeof selectChildren>;
export type RunDetailsRow = RowOf<typeof selectRun>;
