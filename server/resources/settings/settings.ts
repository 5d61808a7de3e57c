import { z } from 'zod';
import { type Sql, statement } from '../../kernel/sql.ts';

const count = z.int().min(0);

/** The platform settings this build reads, with their defaults (specification, runs 17). */
const table = {
  'limit.concurrent_runs': count.default(0),
  'limit.team_members': count.default(0),
  'limit.max_input_content_bytes': count.default(32_768),
  'limit.agent_reasoning_iterations': count.default(0),
  'limit.run_wall_clock_timeout_ms': z.int().min(1).default(900_000),
  'limit.idle_heartbeat_interval_ms': z.int().min(1).default(15_000),
  'llm.retry.max_attempts': z.int().min(1).default(3),
  'llm.retry.base_delay_ms': count.default(1_000),
  'llm.max_response_bytes': count.default(16_384),
  'feature.byok_enabled': z.boolean().default(true),
  'auth.refresh_reuse_grace_seconds': count.default(10),
  'credit.initial_grant': count.default(1_000),
  'credit.invite_reward': z.int().default(500),
  'credit.invitee_reward': z.int().default(200),
  'invite.default_max_uses': count.default(0),
  'title_summarizer.model': z.string().nullable().default(null),
} as const;
type Table = typeof table;

/** Every setting, resolved. */
export type Settings = { [Key in keyof Table]: z.output<Table[Key]> };

const selectSettings = statement<{ key: string; value: unknown }>('select key, value from platform_settings');

const known = new WeakMap<Sql, { settings: Settings; until: number }>();

/** A change made elsewhere is seen within a second; `ARKLOOP_CONFIG_CACHE_TTL_SECONDS` can only shorten that. */
const lifeMs = (env: NodeJS.ProcessEnv) => Math.min(1, Number(env.ARKLOOP_CONFIG_CACHE_TTL_SECONDS || 1)) * 1_000;

const variableOf = (key: string) => `ARKLOOP_${key.toUpperCase().replaceAll('.', '_')}`;

/** One line for every environment variable that sets a setting to a value it cannot have; never the value. */
export const settingProblems = (env: NodeJS.ProcessEnv): string[] =>
  Object.entries(table).flatMap(([key, shape]) => {
    const text = env[variableOf(key)];
    return !text || shape.safeParse(parsed(text)).success ? [] : [`${variableOf(key)}: expected ${expected(shape)}`];
  });

const expected = (shape: z.ZodType) => {
  const { type } = z.toJSONSchema(shape, { io: 'input' });
  return type === 'integer' ? 'an integer in range' : type === 'boolean' ? 'true or false' : 'a text';
};

/**
 * Environment variable > platform setting > default; a stored value that does not fit counts as unset. Inside a transaction it is
 * read `through` that: holding one connection while waiting for another, all of the pool's would wait for each other.
 */
export async function readSettings(sql: Sql, through: Sql = sql, env: NodeJS.ProcessEnv = process.env): Promise<Settings> {
  const kept = known.get(sql);
  if (kept && kept.until > Date.now()) return kept.settings;
  const stored = Object.fromEntries((await through.rows(selectSettings)).map(({ key, value }) => [key, value]));
  const resolve = (key: string, shape: z.ZodType) => {
    const text = env[variableOf(key)];
    const given = [text ? parsed(text) : undefined, stored[key]].filter((value) => value !== undefined);
    return [...given, undefined].map((value) => shape.safeParse(value)).find(({ success }) => success)?.data;
  };
  const settings = Object.fromEntries(Object.entries(table).map(([key, shape]) => [key, resolve(key, shape)])) as Settings;
  known.set(sql, { settings, until: Date.now() + lifeMs(env) });
  return settings;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
