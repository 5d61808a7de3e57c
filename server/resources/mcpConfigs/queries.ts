import type { McpTransport } from '../../../contract/mcpConfigs.ts';
import { statement } from '../../kernel/sql.ts';

/** A tool server without its secrets. */
export type McpConfigRow = {
  id: string;
  account_id: string;
  name: string;
  transport: McpTransport;
  url: string | null;
  has_auth: boolean;
  command: string | null;
  args: string[];
  cwd: string | null;
  call_timeout_ms: number;
  is_active: boolean;
  /** Grows with every change: with the id it names a version. */
  revision: number;
  created_at: string;
  updated_at: string;
};

/** What a worker needs to speak to a server. */
export type SealedServerRow = Pick<
  McpConfigRow,
  'id' | 'account_id' | 'name' | 'transport' | 'url' | 'command' | 'args' | 'cwd' | 'call_timeout_ms' | 'revision'
> & { bearer_token_sealed: Buffer | null; env_sealed: Buffer | null };

const columns = `id, account_id, name, transport, url, bearer_token_sealed is not null as has_auth, command, args, cwd,
  call_timeout_ms, is_active, revision, created_at, updated_at`;
const sealedColumns = `id, account_id, name, transport, url, bearer_token_sealed, command, args, cwd, env_sealed, call_timeout_ms, revision`;
const newest = 'order by created_at desc, id desc';

/** The servers of an account are added one after the other, so that they can be counted. */
export const lockAccount = statement<{ id: string }>('select id from accounts where id = $1 for no key update');

export const insertConfig = statement<McpConfigRow>(`
  insert into mcp_configs (account_id, id, name, transport, url, bearer_token_sealed, command, args, cwd, env_sealed, call_timeout_ms)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning ${columns}`);

export const selectConfigs = statement<McpConfigRow>(`
  select ${columns} from mcp_configs
  where account_id = $1 and ($2::timestamptz is null or (created_at, id) < ($2::timestamptz, $3::uuid)) ${newest} limit $4`);

export const selectConfig = statement<McpConfigRow>(`select ${columns} from mcp_configs where account_id = $1 and id = $2`);

/** Null leaves a column as it is; the token changes where `$5` says so. */
export const updateConfig = statement<McpConfigRow>(`
  update mcp_configs set name = coalesce($3, name), url = coalesce($4, url),
    bearer_token_sealed = case when $5::boolean then $6::bytea else bearer_token_sealed end,
    call_timeout_ms = coalesce($7, call_timeout_ms), is_active = coalesce($8, is_active),
    revision = revision + 1, updated_at = now()
  where account_id = $1 and id = $2 returning ${columns}`);

export const deleteConfig = statement<never>('delete from mcp_configs where account_id = $1 and id = $2');

/** The servers that runs of an account use, the oldest first. */
export const selectServers = statement<SealedServerRow>(`
  select ${sealedColumns} from mcp_configs where account_id = $1 and is_active order by created_at, id`);

export const selectServer = statement<SealedServerRow>(`
  select ${sealedColumns} from mcp_configs where account_id = $1 and id = $2 and is_active`);
