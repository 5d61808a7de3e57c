import type { GatewayConfig } from '../../../contract/gatewayConfig.ts';
import type { GatewaySettings } from '../settings/gateway.ts';

export const viewGateway = (settings: GatewaySettings): GatewayConfig => ({
  ip_mode: settings.ip_mode,
  trusted_cidrs: settings.trusted_cidrs,
  risk_reject_threshold: settings.risk_reject_threshold,
  rate_limit_capacity: settings.rate_limit_capacity,
  rate_limit_per_minute: settings.rate_limit_per_minute,
  rate_limit_rules: settings.rate_limit_rules,
  maintenance: settings.maintenance,
  maintenance_retry_after_seconds: settings.maintenance_retry_after_seconds,
  maintenance_allowed_cidrs: settings.maintenance_allowed_cidrs,
});
