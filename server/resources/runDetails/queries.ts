import { statement } from '../../kernel/sql.ts';
import { type RunRow, runColumns } from '../runs/queries.ts';

/** A run with the route that was selected for it, what it cost its account, and who made it. */
export type DetailRow = RunRow & {
  selected_model: string | null;
  provider_kind: string | null;
  credential_name: string | null;
  persona_model: string | null;
  credits_used: number;
};

/** `user_prompt` is the last of the user's messages that the run was made for: hidden since or not, if it was the newest then. */
export type RunDetailsRow = DetailRow & {
  user_name: string | null;
  user_email: string | null;
  user_prompt: string | null;
  total: number;
  llm_turns: number;
  tool_calls: number;
  provider_fallbacks: number;
};

const detail = `${runColumns}, r.route_snapshot #>> '{event,model}' as selected_model, r.route_snapshot #>> '{event,provider_kind}' as provider_kind,
  r.route_snapshot #>> '{event,credential_name}' as credential_name, coalesce(r.route_snapshot #>> '{event,persona_model}', r.persona_snapshot ->> 'model') as persona_model,
  coalesce((select -sum(c.amount) from credit_transactions c
    where c.account_id = r.account_id and c.reference_type = 'run' and c.reference_id = r.id and c.type = 'debit'), 0) as credits_used`;

const tail = `coalesce((
    select t.number from run_events e join messages t on t.account_id = r.account_id and t.thread_id = r.thread_id
      and t.id = (e.data ->> 'thread_tail_message_id')::uuid
    where e.run_id = r.id and e.seq = 1), r.tail_message_number)`;

/** Of any account. */
export const selectRun = statement<RunDetailsRow>(`
  select ${detail}, u.username as user_name, u.email as user_email, stats.*,
    (select m.content from messages m, (select ${tail} as number) tail
      where m.account_id = r.account_id and m.thread_id = r.thread_id and m.role = 'user' and m.number <= tail.number
        and (m.visible or m.number = tail.number)
      order by m.number desc limit 1) as user_prompt
  from runs r left join users u on u.id = r.created_by_user_id,
    lateral (
      select count(*) as total, count(*) filter (where type = 'llm.turn.completed') as llm_turns, count(*) filter (where type = 'tool.call') as tool_calls,
        count(*) filter (where type = 'run.provider_fallback') as provider_fallbacks
      from run_events where run_id = r.id) stats
  where r.id = $1`);

export const selectChildren = statement<DetailRow>(`
  select ${detail} from runs r where r.account_id = $1 and r.parent_run_id = $2 order by r.created_at, r.id`);
