import { z } from 'zod';
import type { Keyring } from '../../../platform/crypto/keyring.ts';
import { seal, unseal } from '../../../platform/crypto/seal.ts';
import { encryptionContext, type Owner } from '../secrets.ts';

/** What requests to the token endpoint need. */
const Grant = z.object({
  /** The URL of the MCP server when the authorization was started. */
  url: z.string(),
  redirect_url: z.string(),
  /** RFC 8707. */
  resource: z.string(),
  /** RFC 7591. */
  client: z.object({
    client_id: z.string(),
    client_secret: z.string().optional(),
    token_endpoint_auth_method: z.string().optional(),
  }),
  /** RFC 8414. */
  server: z.object({
    issuer: z.string(),
    authorization_endpoint: z.string(),
    token_endpoint: z.string(),
    response_types_supported: z.array(z.string()),
    token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
    authorization_response_iss_parameter_supported: z.boolean().optional(),
  }),
});
export type Grant = z.infer<typeof Grant>;

/** An authorization that was started. */
const PendingGrant = Grant.extend({ code_verifier: z.string() });
export type PendingGrant = z.infer<typeof PendingGrant>;

const Tokens = z.object({
  access_token: z.string(),
  refresh_token: z.string().optional(),
  /** Milliseconds since 1970. Absent if the server does not say. */
  expires_at: z.number().optional(),
});
export type Tokens = z.infer<typeof Tokens>;

/** A completed authorization. */
const Credential = Grant.extend({ tokens: Tokens });
export type Credential = z.infer<typeof Credential>;

const sealJson = (keys: Keyring, owner: Owner, field: 'oauth' | 'oauth_request', value: object) =>
  seal(keys, JSON.stringify(value), encryptionContext(owner, field));
const unsealJson = (keys: Keyring, owner: Owner, field: 'oauth' | 'oauth_request', sealed: Buffer): unknown =>
  JSON.parse(unseal(keys, sealed, encryptionContext(owner, field)).toString());

export const sealPending = (keys: Keyring, owner: Owner, value: PendingGrant) => sealJson(keys, owner, 'oauth_request', value);
export const unsealPending = (keys: Keyring, owner: Owner, sealed: Buffer) =>
  PendingGrant.parse(unsealJson(keys, owner, 'oauth_request', sealed));
export const sealCredential = (keys: Keyring, owner: Owner, value: Credential) => sealJson(keys, owner, 'oauth', value);
export const unsealCredential = (keys: Keyring, owner: Owner, sealed: Buffer) => Credential.parse(unsealJson(keys, owner, 'oauth', sealed));
