import type { FeatureFlag, FlagOverride } from '../../../contract/featureFlags.ts';
import type { FlagRow, OverrideRow } from './queries.ts';

export const viewFlag = ({ id, key, description, default_value, supports_account_overrides, created_at }: FlagRow): FeatureFlag => ({
  id,
  key,
  description,
  default_value,
  supports_account_overrides,
  created_at,
});

export const viewOverride = ({ key }: FlagRow, { account_id, enabled, created_at }: OverrideRow): FlagOverride => ({
  account_id,
  flag_key: key,
  enabled,
  created_at,
});
