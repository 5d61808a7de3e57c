import pg from 'pg';
import { quotas } from '../../../contract/shared/quotas.ts';
import type { Person, TestApp } from '../../support/app/testApp.ts';

/** The longest text that a title, name or description may have where it is not given. */
const title = 'repeat(md5(n::text), 6)';
const words = (length: number) => `left(repeat(md5(n::text), ${Math.ceil(length / 32)}), ${length})`;

/**
 * Gives an account nearly as many rows as its quotas and lists allow, each as large as the contract allows, and leaves some for the requests of the test.
 * Returns what paths may name.
 */
export async function fillAccount(
  { sql, databaseUrl }: TestApp,
  { id: user, accountId: account }: Person,
): Promise<Record<string, string>> {
  const [{ id: thread }] = await sql(
    `insert into threads (account_id, id, created_by_user_id, title, last_message_number) values ($1, gen_random_uuid(), $2, 'Full', 3000) returning id`,
    [account, user],
  );
  const both = [account, user];
  const fills: [string, unknown[]][] = [
    [
      `insert into messages (account_id, thread_id, number, id, role, content, thread_owner_id)
       select $1, $3, n, gen_random_uuid(), case n % 2 when 1 then 'user' else 'assistant' end, ${words(20_000)}, $2
       from generate_series(1, 3000) n`,
      [...both, thread],
    ],
    [
      `insert into threads (account_id, id, created_by_user_id, title) select $1, gen_random_uuid(), $2, ${title} from generate_series(1, 1000) n`,
      both,
    ],
    [
      `insert into personas (account_id, id, persona_key, version, definition)
       select $1, gen_random_uuid(), 'full_' || n, '1', definition || jsonb_build_object('prompt_md', ${words(100_000)}, 'soul_md', ${words(99_000)})
       from personas, generate_series(1, ${quotas.personas.max - 20}) n where account_id = $1 and persona_key = 'full'`,
      [account],
    ],
    [
      `insert into memories (account_id, id, user_id, content, search_keys, fact_hash, source)
       select $1, gen_random_uuid(), $2, ${words(500)}, '{}', n::text, 'user' from generate_series(1, 450) n`,
      both,
    ],
    [
      `insert into notifications (account_id, user_id, type, title, body, payload)
       select $1, $2, 'test', ${title}, ${words(10_000)}, '{}' from generate_series(1, 1000) n`,
      both,
    ],
    [
      `insert into projects (account_id, id, owner_user_id, name, description)
       select $1, gen_random_uuid(), $2, ${title}, ${words(2_000)} from generate_series(1, 1000) n`,
      both,
    ],
    [
      `insert into audit_logs (id, account_id, actor_user_id, action, target_type, trace_id, after_state)
       select gen_random_uuid(), $1, $2, 'persona.create', 'persona', repeat('0', 32), jsonb_build_object('text', ${words(2_000)})
       from generate_series(1, 2000) n`,
      both,
    ],
    [
      `insert into mcp_configs (account_id, id, name, transport, command, args)
       select $1, gen_random_uuid(), ${title}, 'stdio', 'none', array_fill(${words(8_192)}, array[64])
       from generate_series(1, ${quotas.mcp_configs.max - 20}) n`,
      [account],
    ],
    [
      `insert into api_keys (account_id, id, user_id, name, key_prefix, key_hash, scopes, inherits_permissions, models)
       select $1, gen_random_uuid(), $2, ${title}, 'full', 'full ' || n, '{}', true, array_fill(${title}, array[100])
       from generate_series(1, ${quotas.api_keys.max - 20}) n`,
      both,
    ],
    [
      `insert into entitlement_overrides (account_id, key, id, value, value_type) values ($1, 'limit.schedules', gen_random_uuid(), '2000', 'integer')`,
      [account],
    ],
    [
      `insert into schedules (account_id, id, created_by_user_id, name, timezone, cron, input, missed, overlap, status)
       select $1, gen_random_uuid(), $2, ${title}, 'UTC', '0 0 * * *', ${words(20_000)}, 'skip', 'skip', 'paused' from generate_series(1, 1000) n`,
      both,
    ],
    [
      `insert into teams (account_id, id, name) select $1, gen_random_uuid(), left(${title}, 100) from generate_series(1, ${quotas.teams.max - 20}) n`,
      [account],
    ],
    [
      `insert into broadcasts (id, type, title, body, payload, target_type, created_by, status)
       select gen_random_uuid(), 'test', ${title}, ${words(10_000)}, jsonb_build_object('text', ${words(16_000)}), 'all', $1, 'completed'
       from generate_series(1, 300) n`,
      [user],
    ],
  ];
  // The pool of the app ends statements that take long.
  const client = new pg.Client({ connectionString: databaseUrl, statement_timeout: 0 });
  await client.connect();
  for (const [text, values] of fills) await client.query(text, values);
  await client.end();
  return { thread_id: thread };
}
