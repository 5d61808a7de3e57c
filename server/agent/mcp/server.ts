import { z } from 'zod';
import type { Keys } from '../../kernel/keys.ts';
import type { SealedServerRow } from '../../resources/mcpConfigs/queries.ts';
import { openSecret } from '../../resources/mcpConfigs/secrets.ts';

/** One version of a tool server, with its secrets in the clear. */
export type Server = Pick<SealedServerRow, 'id' | 'account_id' | 'name' | 'transport' | 'url' | 'command' | 'args' | 'cwd'> & {
  timeoutMs: number;
  bearerToken: string;
  env: Record<string, string>;
};

const Variables = z.record(z.string(), z.string());

/** Open the secrets of a server. Throws when one does not open. */
export function openServer({ encryptionKey }: Pick<Keys, 'encryptionKey'>, row: SealedServerRow): Server {
  const { id, account_id, name, transport, url, command, args, cwd } = row;
  const env = openSecret(encryptionKey, row, 'env', row.env_sealed) || '{}';
  return {
    ...{ id, account_id, name, transport, url, command, args, cwd },
    timeoutMs: row.call_timeout_ms,
    bearerToken: openSecret(encryptionKey, row, 'bearer_token', row.bearer_token_sealed),
    env: Variables.parse(JSON.parse(env)),
  };
}
