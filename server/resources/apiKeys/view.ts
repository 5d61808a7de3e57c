import type { ApiKey, ApiKeyUsage, CreatedApiKey } from '../../../contract/apiKeys.ts';
import type { RowOf } from '../../database/statement.ts';
import { viewLifetime } from '../../http/access/keySecrets.ts';
import type { periodsOf } from '../../http/access/periods.ts';
import type { ApiKeyRow, selectUsage } from './queries.ts';

export const viewApiKey = (row: ApiKeyRow): ApiKey => ({
  id: row.id,
  account_id: row.account_id,
  user_id: row.user_id,
  name: row.name,
  key_prefix: row.key_prefix,
  scopes: row.scopes,
  inherits_permissions: row.inherits_permissions,
  limits: {
    credits_per_day: row.credits_per_day,
    credits_per_month: row.credits_per_month,
    credits_total: row.credits_total,
    requests_per_minute: row.requests_per_minute,
    requests_per_day: row.requests_per_day,
    requests_per_month: row.requests_per_month,
    requests_total: row.requests_total,
  },
  models: row.models,
  ...viewLifetime(row),
});

/** The only response that contains the secret. */
export const viewCreatedApiKey = ({ key, ...row }: ApiKeyRow & { key: string }): CreatedApiKey => ({ ...viewApiKey(row), key });

type UsageOfKey = {
  id: string;
  sums: RowOf<typeof selectUsage>;
  periods: ReturnType<typeof periodsOf>;
};

export const viewUsage = ({ id, sums, periods }: UsageOfKey): ApiKeyUsage => ({
  api_key_id: id,
  day: { credits: sums.credits_of_day, requests: sums.requests_of_day, resets_at: periods.day.end },
  month: { credits: sums.credits_of_month, requests: sums.requests_of_month, resets_at: periods.month.end },
  total: { credits: sums.credits_in_total, requests: sums.requests_in_total },
  reserved_credits: sums.reserved_credits,
});
