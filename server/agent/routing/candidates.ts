import { isDeepStrictEqual } from 'node:util';
import { type Sql, statement } from '../../kernel/sql.ts';
import type { Prices } from '../cost.ts';

type Json = Record<string, unknown>;

/** A model that a run could be routed to; prices and multiplier are exact decimals. */
export type Candidate = Prices & {
  route_id: string;
  model: string;
  is_default: boolean;
  when: Json;
  multiplier: string;
  model_advanced_json: Json;
  credential_id: string;
  /** Null for the platform. */
  account_id: string | null;
  credential_name: string;
  provider_kind: 'openai' | 'anthropic';
  base_url: string | null;
  openai_api_mode: 'auto' | 'responses' | 'chat_completions' | null;
  provider_advanced_json: Json;
  api_key_sealed: Buffer;
};

const selectCandidates = statement<Candidate>(`
  select m.id as route_id, m.model, m.is_default, m."when", m.multiplier::text as multiplier, m.advanced_json as model_advanced_json,
    m.cost_per_1k_input::text as cost_per_1k_input, m.cost_per_1k_output::text as cost_per_1k_output,
    m.cost_per_1k_cache_write::text as cost_per_1k_cache_write, m.cost_per_1k_cache_read::text as cost_per_1k_cache_read,
    p.id as credential_id, p.account_id, p.name as credential_name, p.provider as provider_kind, p.base_url, p.openai_api_mode,
    p.advanced_json as provider_advanced_json, p.api_key_sealed
  from llm_models m join llm_providers p on p.id = m.provider_id
  where p.account_id = $1 or p.account_id is null
  order by p.account_id is null, m.priority desc, (select count(*) from jsonb_object_keys(m."when")) desc, m.created_at, m.id`);

/** The candidates of an account in their order: its own first, then by priority, by the number of conditions, by age. */
export const readCandidates = (sql: Sql, accountId: string): Promise<Candidate[]> => sql.rows(selectCandidates, [accountId]);

/** What the conditions of a model may be about. */
export type Facts = {
  account_id: string;
  thread_id: string;
  persona_id: string | null;
  model: string | null;
  reasoning_mode: string | null;
  role: string | null;
  run_kind: 'root' | 'subagent';
  last_user_message: string | null;
};

/** Whether a model has conditions. */
export const isConditional = ({ when }: { when: Json }): boolean => Object.keys(when).length > 0;

/** Whether every condition equals the fact of its name; one about nothing known is not met. */
export const isMet = ({ when }: { when: Json }, facts: Facts): boolean =>
  Object.entries(when).every(([name, wanted]) => Object.hasOwn(facts, name) && isDeepStrictEqual(facts[name as keyof Facts], wanted));

/** The first whose conditions are met, else the first. */
export const best = (candidates: Candidate[], facts: Facts): Candidate | undefined =>
  candidates.find((candidate) => isMet(candidate, facts)) ?? candidates[0];

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** Those of the provider with this name: as it is written, or else in whatever case. */
export function ofProvider(candidates: Candidate[], name: string): Candidate[] {
  const exact = candidates.filter((candidate) => candidate.credential_name === name);
  return exact.length > 0 ? exact : candidates.filter((candidate) => same(candidate.credential_name, name));
}

/** Those that a selector names: `provider^model`, where the model may contain `^` too, or a model alone. */
export function ofSelector(candidates: Candidate[], selector: string): Candidate[] {
  const at = selector.indexOf('^');
  const model = selector.slice(at + 1);
  const named = candidates.filter((candidate) => same(candidate.model, model));
  return at < 0 ? named : ofProvider(named, selector.slice(0, at));
}
