/** Bytes that an account stores. The limit is an entitlement, so a plan or an override may change it. */
type ByteQuota = { unit: 'bytes'; per: 'account'; entitlement: `quota.${string}` };
/** Rows of an account, of a user in an account, or of a user: all, or those of the last 24 hours. `reason` where a refusal has its own. */
type RowQuota = { unit: 'rows'; per: 'account' | 'member' | 'user'; max: number; window?: 'day'; reason?: string };

/**
 * The quotas. A route that creates what a quota counts names it in its policy; exceeding it is 409, and nothing is stored.
 * Concurrent requests never exceed a quota together.
 */
export const quotas = {
  attachments: { unit: 'bytes', per: 'account', entitlement: 'quota.attachment_bytes' },
  messages: { unit: 'bytes', per: 'account', entitlement: 'quota.message_bytes' },
  workspaces: { unit: 'bytes', per: 'account', entitlement: 'quota.workspace_bytes' },
  accounts: { unit: 'rows', per: 'user', max: 20 },
  api_keys: { unit: 'rows', per: 'member', max: 100 },
  asr_credentials: { unit: 'rows', per: 'account', max: 100 },
  invitations: { unit: 'rows', per: 'account', max: 100 },
  ip_rules: { unit: 'rows', per: 'account', max: 200, reason: 'rule_limit' },
  llm_models: { unit: 'rows', per: 'account', max: 2_000 },
  llm_providers: { unit: 'rows', per: 'account', max: 100 },
  mcp_configs: { unit: 'rows', per: 'account', max: 100 },
  personas: { unit: 'rows', per: 'account', max: 500 },
  projects: { unit: 'rows', per: 'account', max: 10_000 },
  reports: { unit: 'rows', per: 'member', max: 100, window: 'day' },
  teams: { unit: 'rows', per: 'account', max: 1_000 },
  webhook_endpoints: { unit: 'rows', per: 'account', max: 20, reason: 'endpoint_limit' },
} as const satisfies Record<string, ByteQuota | RowQuota>;

export type QuotaName = keyof typeof quotas;

/** The quotas of bytes. */
export type StorageName = { [Name in QuotaName]: (typeof quotas)[Name] extends ByteQuota ? Name : never }[QuotaName];

/** The reason that a refusal for a quota gives. */
export const quotaReason = (name: QuotaName): string => {
  const quota: ByteQuota | RowQuota = quotas[name];
  return (quota.unit === 'rows' && quota.reason) || 'quota_exceeded';
};

const holders: Record<RowQuota['per'], string> = { account: 'an account', member: 'a user in an account', user: 'a user' };

/** A quota in a sentence, for the documents. */
export function quotaText(name: QuotaName): string {
  const quota: ByteQuota | RowQuota = quotas[name];
  if (quota.unit === 'bytes')
    return `Refused while the account stores more than its entitlement \`${quota.entitlement}\`, or would by this.`;
  return `At most ${quota.max.toLocaleString('en')} for ${holders[quota.per]}${quota.window ? ` a ${quota.window}` : ''}.`;
}
