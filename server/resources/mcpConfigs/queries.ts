import { sql } from 'kysely';
import type { McpTransport } from '../../../contract/mcpConfigs.ts';
import { bytesOf, onPage, pageInBytes, type PageKey } from '../../database/paging.ts';
import { type RowOf, statement } from '../../database/statement.ts';
import { columns } from './columns.ts';

const sealedColumns = [
  'id',
  'account_id',
  'name',
  'transport',
  'url',
  'bearer_token_sealed',
  'command',
  'args',
  'cwd',
  'env_sealed',
  'oauth_sealed',
  'oauth_status',
  'oauth_generation',
  'call_timeout_ms',
  'elicitation_enabled',
  'revision',
] as const;

type ConfigKey = { accountId: string; id: string };

/** Serializes inserts of an account, so that the quota check counts every configuration. */
export const lockAccount = statement<{ accountId: string }>()((db, $) =>
  db.selectFrom('accounts').select('id').where('id', '=', $.accountId).forNoKeyUpdate(),
);

type NewConfig = ConfigKey & {
  name: string;
  transport: McpTransport;
  url: string | null;
  sealedToken: Buffer | null;
  command: string | null;
  args: string[];
  cwd: string | null;
  sealedEnv: Buffer | null;
  callTimeoutMs: number;
  elicitationEnabled: boolean;
};

export const insertConfig = statement<NewConfig>()((db, $) =>
  db
    .insertInto('mcp_configs')
    .values({
      account_id: $.accountId,
      id: $.id,
      name: $.name,
      transport: $.transport,
      url: $.url,
      bearer_token_sealed: $.sealedToken,
      command: $.command,
      args: $.args,
      cwd: $.cwd,
      env_sealed: $.sealedEnv,
      call_timeout_ms: $.callTimeoutMs,
      elicitation_enabled: $.elicitationEnabled,
    })
    .returning(columns),
);

export const selectConfigs = statement<{ accountId: string } & PageKey>()((db, $) =>
  pageInBytes(
    db
      .selectFrom('mcp_configs')
      .select(columns)
      .where('account_id', '=', $.accountId)
      .where(onPage($, 'created_at', 'id'))
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit($.limit),
    bytesOf('url', 'command', 'args', 'cwd'),
  ),
);

export const selectConfig = statement<ConfigKey>()((db, $) =>
  db.selectFrom('mcp_configs').select(columns).where('account_id', '=', $.accountId).where('id', '=', $.id),
);

/** An MCP configuration without its secrets. `revision` grows with every update; `id` and `revision` together identify a version. */
export type McpConfigRow = RowOf<typeof selectConfig>;

export const lockUrl = statement<ConfigKey>()((db, $) =>
  db
    .selectFrom('mcp_configs')
    .select(['url', sql<boolean>`bearer_token_sealed is not null`.as('has_auth')])
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .forNoKeyUpdate(),
);

type Changes = {
  name: string | null;
  url: string | null;
  changesToken: boolean;
  sealedToken: Buffer | null;
  callTimeoutMs: number | null;
  elicitationEnabled: boolean | null;
  isActive: boolean | null;
};

/** A null leaves a column unchanged, except for the token. */
export const updateConfig = statement<ConfigKey & Changes>()((db, $) =>
  db
    .updateTable('mcp_configs')
    .set((eb) => ({
      name: sql`coalesce(${$.name}, name)`,
      url: sql`coalesce(${$.url}, url)`,
      bearer_token_sealed: sql`case when ${$.changesToken}::boolean then ${$.sealedToken}::bytea else bearer_token_sealed end`,
      call_timeout_ms: sql`coalesce(${$.callTimeoutMs}, call_timeout_ms)`,
      elicitation_enabled: sql`coalesce(${$.elicitationEnabled}, elicitation_enabled)`,
      is_active: sql`coalesce(${$.isActive}, is_active)`,
      revision: eb('revision', '+', sql.lit(1)),
      updated_at: sql`now()`,
    }))
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .returning(columns),
);

export const deleteConfig = statement<ConfigKey>()((db, $) =>
  db.deleteFrom('mcp_configs').where('account_id', '=', $.accountId).where('id', '=', $.id),
);

export const selectServers = statement<{ accountId: string }>({ isShort: true })((db, $) =>
  db
    .selectFrom('mcp_configs')
    .select(sealedColumns)
    .where('account_id', '=', $.accountId)
    .where('is_active', '=', sql.lit(true))
    .orderBy('created_at')
    .orderBy('id'),
);

/** Also an inactive server, to test it. */
export const selectSealedConfig = statement<ConfigKey>()((db, $) =>
  db.selectFrom('mcp_configs').select(sealedColumns).where('account_id', '=', $.accountId).where('id', '=', $.id),
);

export const selectServer = statement<ConfigKey>()((db, $) =>
  db
    .selectFrom('mcp_configs')
    .select(sealedColumns)
    .where('account_id', '=', $.accountId)
    .where('id', '=', $.id)
    .where('is_active', '=', sql.lit(true)),
);

export type SealedServerRow = RowOf<typeof selectServer>;
