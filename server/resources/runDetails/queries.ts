import { expressionBuilder, sql } from 'kysely';
import { type RowOf, statement, type WithAlias } from '../../database/statement.ts';
import { creditsUsed, runColumns } from '../runs/queries.ts';

/** Run `r` with its selected route and its cost in credits. */
const detailColumns = [
  ...runColumns,
  sql<string | null>`r.route_snapshot #>> '{event,model}'`.as('selected_model'),
  sql<string | null>`r.route_snapshot #>> '{event,provider_kind}'`.as('provider_kind'),
  sql<string | null>`r.route_snapshot #>> '{event,credential_name}'`.as('credential_name'),
  sql<string | null>`coalesce(r.route_snapshot #>> '{event,persona_model}', r.persona_snapshot ->> 'model')`.as('persona_model'),
  creditsUsed().as('credits_used'),
] as const;

/** The number of the message that run `r` answers. */
function tailMessageNumber() {
  const told = expressionBuilder<WithAlias<'runs', 'r'>, 'r'>()
    .selectFrom('run_events as e')
    .innerJoin('messages as t', (join) =>
      join
        .onRef('t.account_id', '=', 'r.account_id')
        .onRef('t.thread_id', '=', 'r.thread_id')
        .on('t.id', '=', sql<string>`(e.data ->> 'thread_tail_message_id')::uuid`),
    )
    .select('t.number')
    .whereRef('e.run_id', '=', 'r.id')
    .where('e.seq', '=', sql.lit(1));
  return sql<number>`coalesce(${told}, r.tail_message_number)`;
}

/**
 * A run of any account. `user_prompt` is the last user message at the time the run was created. Messages hidden since are skipped, unless
 * it was the newest message then.
 */
export const selectRun = statement<{ id: string }>()((db, $) =>
  db
    .selectFrom('runs as r')
    .leftJoin('users as u', 'u.id', 'r.created_by_user_id')
    .innerJoinLateral(
      (eb) =>
        eb
          .selectFrom('run_events')
          .select(({ fn }) => {
            const countOf = (type: string) => fn.countAll<number>().filterWhere('type', '=', sql.lit(type));
            return [
              fn.countAll<number>().as('total'),
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

export const selectChildren = statement<{ accountId: string; id: string }>()((db, $) =>
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
