import { z } from 'zod';
import { type AccessTokenDeps, type AccessTokens, createAccessTokens } from '../../resources/mcpConfigs/oauth/accessTokens.ts';
import type { SealedServerRow } from '../../resources/mcpConfigs/queries.ts';
import { unsealSecret } from '../../resources/mcpConfigs/secrets.ts';

/** One version of a tool server, with its secrets in clear text. */
export type Server = Pick<SealedServerRow, 'id' | 'account_id' | 'name' | 'transport' | 'url' | 'command' | 'args' | 'cwd'> & {
  timeoutMs: number;
  bearerToken: string;
  /** Of a remote server without a bearer token. */
  accessTokens: AccessTokens | undefined;
  env: Record<string, string>;
};

const Variables = z.record(z.string(), z.string());

/** Decrypts the secrets of a server. Throws if one cannot be decrypted. */
export function openServer(deps: AccessTokenDeps, row: SealedServerRow): Server {
  const { id, account_id, name, transport, url, command, args, cwd } = row;
  const { encryptionKeys } = deps.keys;
  const env = unsealSecret(encryptionKeys, row, 'env', row.env_sealed) || '{}';
  const bearerToken = unsealSecret(encryptionKeys, row, 'bearer_token', row.bearer_token_sealed);
  return {
    ...{ id, account_id, name, transport, url, command, args, cwd },
    timeoutMs: row.call_timeout_ms,
    bearerToken,
    accessTokens: url === null || bearerToken ? undefined : createAccessTokens(deps, { ...row, url }),
    env: Variables.parse(JSON.parse(env)),
  };
}

/** What is masked in results and errors. */
export const secretsOf = ({ bearerToken, accessTokens }: Server): readonly string[] => accessTokens?.secrets() ?? [bearerToken];
