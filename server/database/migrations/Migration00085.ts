import { Migration } from '@mikro-orm/migrations';

/**
 * Tiers of `credit.deduction_policy` by tokens become tiers by cost, at 0.001 US dollars per 1,000 tokens. A tier that has a bound by cost keeps it. A
 * policy that cannot be read stays, and counts as the default. Locks a few rows of settings for milliseconds.
 */
export class Migration00085 extends Migration {
  override up(): void {
    this.addSql(`
create function tier_by_cost(tier jsonb) returns jsonb language sql as $$
  select case
    when jsonb_typeof(tier -> 'up_to_tokens') is distinct from 'number' then tier - 'up_to_tokens'
    when coalesce(jsonb_typeof(tier -> 'up_to_cost_usd'), 'null') <> 'null' then tier - 'up_to_tokens'
    else tier - 'up_to_tokens' || jsonb_build_object('up_to_cost_usd', trim_scale((tier ->> 'up_to_tokens')::numeric / 1000000))
  end
$$;
create function policy_by_cost(policy text) returns text language plpgsql as $$
begin
  return coalesce(jsonb_set(policy::jsonb, '{tiers}', (
    select jsonb_agg(tier_by_cost(tier) order by place)
    from jsonb_array_elements(policy::jsonb -> 'tiers') with ordinality as t (tier, place)
  ))::text, policy);
exception when data_exception then
  return policy;
end $$;
update platform_settings set value = to_jsonb(policy_by_cost(value #>> '{}'))
where key = 'credit.deduction_policy' and value #>> '{}' like '%up_to_tokens%';
drop function policy_by_cost, tier_by_cost`);
  }

  override down(): void {
    // Processes of the release before know tiers by cost.
  }
}
