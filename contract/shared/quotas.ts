/** Bytes stored by an account. The limit is an entitlement, so plans and overrides can change it. */
type ByteQuota = { unit: 'bytes'; per: 'account'; entitlement: `quota.${string}` };
/** Rows per account, per user in an account, or per user: in total, or in the last 24 hours. `reason` replaces `quota_exceeded`. */
type RowQuota = { unit: 'rows'; per: 'account' | 'member' | 'user'; max: number; window?: 'day'; reason?: string };
/** Rows per account, at most as many as an entitlement says. */
type EntitledRowQuota = { unit: 'rows'; per: 'account'; entitlement: `limit.${string}`; reason?: string };
type Quota = ByteQuota | RowQuota | EntitledRowQuota;

/**
 * A route that creates rows or bytes counted by a quota has the quota in its policy. Exceeding it is 409, and nothing is stored.
 * Concurrent requests cannot exceed a quota together.
 */
export const quotas = {
  attachments: { unit: 'bytes', per: 'account', entitlement: 'quota.attachment_bytes' },
  events: { unit: 'bytes', per: 'account', entitlement: 'quota.event_bytes' },
  messages: { unit: 'bytes', per: 'account', entitlement: 'quota.message_bytes' },
  workspaces: { unit: 'bytes', per: 'account', entitlement: 'quota.workspace_bytes' },
  accounts: { unit: 'rows', per: 'user', max: 20 },
  api_keys: { unit: 'rows', per: 'member', max: 100 },
  asr_credentials: { unit: 'rows', per: 'account', max: 100 },
  invitations: { unit: 'rows', per: 'account', max: 100 },
  ip_rules: { unit: 'rows', per: 'account', max: 200, reason: 'rule_limit' },
  llm_models: { unit: 'rows', per: 'account', max: 1_000 },
  llm_providers: { unit: 'rows', per: 'account', max: 100 },
  mcp_configs: { unit: 'rows', per: 'account', max: 100 },
  personas: { unit: 'rows', per: 'account', max: 500 },
  projects: { unit: 'rows', per: 'account', max: 10_000 },
  reports: { unit: 'rows', per: 'member', max: 100, window: 'day' },
  schedules: { unit: 'rows', per: 'account', entitlement: 'limit.schedules' },
  skills: { unit: 'rows', per: 'account', max: 100 },
  starred_threads: { unit: 'rows', per: 'member', max: 1_000 },
  teams: { unit: 'rows', per: 'account', max: 1_000 },
  webhook_endpoints: { unit: 'rows', per: 'account', max: 20, reason: 'endpoint_limit' },
} as const satisfies Record<string, Quota>;

export type QuotaName = keyof typeof quotas;

export type StorageQuotaName = { [Name in QuotaName]: (typeof quotas)[Name] extends ByteQuota ? Name : never }[QuotaName];

/** The `details.reason` of the 409 error for an exceeded quota. */
export const quotaReason = (name: QuotaName): string => {
  const quota: Quota = quotas[name];
  return (quota.unit === 'rows' && quota.reason) || 'quota_exceeded';
};

const holders: Record<RowQuota['per'], string> = { account: 'account', member: 'account member', user: 'user' };

/** Describes a quota in one sentence, for the docs. */
export function describeQuota(name: QuotaName): string {
  const quota: Quota = quotas[name];
  if (quota.unit === 'bytes')
    return `Returns 409 if the account exceeds its entitlement \`${quota.entitlement}\`, or would exceed it with this request.`;
  if ('entitlement' in quota) return `Returns 409 if the account would exceed its entitlement \`${quota.entitlement}\`.`;
  return `At most ${quota.max.toLocaleString('en')} per ${holders[quota.per]}${quota.window ? ` per ${quota.window}` : ''}.`;
}
