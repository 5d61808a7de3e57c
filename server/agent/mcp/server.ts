import { z } from 'zod';
import type { Keys } from '../../platform/crypto/keys.ts';
import type { SealedServerRow } from '../../resources/mcpConfigs/queries.ts';
import { unsealSecret } from '../../resources/mcpConfigs/secrets.ts';

/** One version of a tool server, with its secrets in clear text. */
export type Server = Pick<SealedServerRow, 'id' | 'account_id' | 'name' | 'transport' | 'url' | 'command' | 'args' | 'cwd'> & {
  timeoutMs: number;
  bearerToken: string;
  env: Record<string, string>;
};

const Variables = z.record(z.string(), z.string());

/** Decrypts the secrets of a server. Throws if one cannot be decrypted. */
export function openServer({ encryptionKey }: Pick<Keys, 'encryptionKey'>, row: SealedServerRow): Server {
  const { id, account_id, name, transport, url, command, args, cwd } = row;
  const env = unsealSecret(encryptionKey, row, 'env', row.env_sealed) || '{}';
  return {
    ...{ id, account_id, name, transport, url, command, args, cwd },
    timeoutMs: row.call_timeout_ms,
    bearerToken: unsealSecret(encryptionKey, row, 'bearer_token', row.bearer_token_sealed),
    env: Variables.parse(JSON.parse(env)),
  };
}
