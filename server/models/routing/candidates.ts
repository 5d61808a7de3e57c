import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import type { Queryable } from '../../database/sql.ts';
import { type RowOf, statement } from '../../database/statement.ts';

type Json = Record<string, unknown>;

const selectCandidates = statement<{ accountId: string }>()((db, $) =>
  db
    .selectFrom('llm_models as m')
    .innerJoin('llm_providers as p', 'p.id', 'm.provider_id')
    .select((eb) => [
      'm.id as route_id',
      'm.model',
      'm.is_default',
      eb.ref('m.when').$castTo<Json>().as('when'),
      sql<string>`m.multiplier::text`.as('multiplier'),
      eb.ref('m.advanced_json').$castTo<Json>().as('model_advanced_json'),
      sql<string | null>`m.cost_per_1k_input::text`.as('cost_per_1k_input'),
      sql<string | null>`m.cost_per_1k_output::text`.as('cost_per_1k_output'),
      sql<string | null>`m.cost_per_1k_cache_write::text`.as('cost_per_1k_cache_write'),
      sql<string | null>`m.cost_per_1k_cache_read::text`.as('cost_per_1k_cache_read'),
      'p.id as credential_id',
      'p.account_id',
      'p.name as credential_name',
      'p.provider as provider_kind',
      'p.base_url',
      'p.openai_api_mode',
      eb.ref('p.advanced_json').$castTo<Json>().as('provider_advanced_json'),
      'p.api_key_sealed',
    ])
    .where((eb) => eb.or([eb('p.account_id', '=', $.accountId), eb('p.account_id', 'is', null)]))
    .orderBy((eb) => eb('p.account_id', 'is', null))
    .orderBy('m.priority', 'desc')
    .orderBy(
      (eb) =>
        eb.selectFrom(sql<{ key: string }>`jsonb_object_keys(m."when")`.as('key')).select(({ fn }) => fn.countAll<number>().as('count')),
      'desc',
    )
    .orderBy('m.created_at')
    .orderBy('m.id'),
);

/** A model that a run could be routed to. Prices and multiplier are exact decimals. `account_id` is null for the platform. */
export type Candidate = RowOf<typeof selectCandidates>;

/** Order: the account's own providers first, then priority, number of conditions, age. */
export const readCandidates = (connection: Queryable, accountId: string): Promise<Candidate[]> =>
  connection.rows(selectCandidates, { accountId });

/** Facts that the conditions of a model can test. */
export type RoutingFacts = {
  account_id: string;
  thread_id: string;
  persona_id: string | null;
  model: string | null;
  reasoning_mode: string | null;
  role: string | null;
  run_kind: 'root' | 'subagent';
  last_user_message: string | null;
};

export const isConditional = ({ when }: { when: Json }): boolean => Object.keys(when).length > 0;

/** Whether every condition equals the fact of its name. A condition on an unknown fact is not met. */
export const isMet = ({ when }: { when: Json }, facts: RoutingFacts): boolean =>
  Object.entries(when).every(
    ([name, wanted]) => Object.hasOwn(facts, name) && isDeepStrictEqual(facts[name as keyof RoutingFacts], wanted),
  );

/** The first candidate whose conditions are met, else the first candidate. */
export const bestCandidate = (candidates: Candidate[], facts: RoutingFacts): Candidate | undefined =>
  candidates.find((candidate) => isMet(candidate, facts)) ?? candidates[0];

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** Candidates of the provider with this name. An exact match takes precedence over one that ignores case. */
export function candidatesOfProvider(candidates: Candidate[], name: string): Candidate[] {
  const exact = candidates.filter((candidate) => candidate.credential_name === name);
  return exact.length > 0 ? exact : candidates.filter((candidate) => same(candidate.credential_name, name));
}

/** Candidates for a selector: `provider^model` (the model may contain `^`), or a model alone. */
export function candidatesOfSelector(candidates: Candidate[], selector: string): Candidate[] {
  const at = selector.indexOf('^');
  const model = selector.slice(at + 1);
  const named = candidates.filter((candidate) => same(candidate.model, model));
  return at < 0 ? named : candidatesOfProvider(named, selector.slice(0, at));
}

/** The models that an API key may use: names of models, or `provider^model`. Null for all. */
export type AllowedModels = readonly string[] | null | undefined;

export const isAllowed = (allowed: AllowedModels, { model, credential_name }: Pick<Candidate, 'model' | 'credential_name'>): boolean =>
  !allowed || allowed.some((name) => same(name, model) || same(name, `${credential_name}^${model}`));
