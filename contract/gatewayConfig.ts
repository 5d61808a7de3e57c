import { z } from 'zod';
import { Cidr } from './shared/ipAddresses.ts';
import { initContract, type Resource } from './shared/route.ts';

const IpMode = z.enum(['direct', 'proxy', 'cdn']).meta({ id: 'IpMode', description: 'Where the gateway finds the address of a client.' });
const ipMode = { description: 'Where the client IP address is read from: the connection, `X-Forwarded-For`, or a CDN header.' };
const cidrs = { description: 'Proxies that are trusted to report the client IP address, without host bits.' };
const threshold = { description: 'Requests with this risk score or a higher one are rejected; 0 disables the check.' };
const capacity = { description: 'Burst limit: requests per client at once.' };
const perMinute = { description: 'Requests per client per minute.' };

export const GatewayConfig = z
  .object({
    ip_mode: IpMode.meta(ipMode),
    trusted_cidrs: z.array(z.string()).meta(cidrs),
    risk_reject_threshold: z.number().meta(threshold),
    rate_limit_capacity: z.number().meta(capacity),
    rate_limit_per_minute: z.number().meta(perMinute),
  })
  .meta({ id: 'GatewayConfig', description: 'The effective gateway configuration.' });
export type GatewayConfig = z.infer<typeof GatewayConfig>;

const rate = () => z.number().gt(0).max(1_000_000);

export const GatewayConfigChanges = z
  .strictObject({
    ip_mode: IpMode.optional().meta(ipMode),
    trusted_cidrs: z
      .array(Cidr)
      .max(200)
      .optional()
      .meta({ description: 'IPv4 or IPv6 networks (RFC 4632, RFC 4291); host bits are cleared.' }),
    risk_reject_threshold: z.number().min(0).max(1).optional().meta(threshold),
    rate_limit_capacity: rate().optional().meta(capacity),
    rate_limit_per_minute: rate().optional().meta(perMinute),
  })
  .meta({ id: 'GatewayConfigChanges', description: 'The fields of the configuration to change.' });
export type GatewayConfigChanges = z.infer<typeof GatewayConfigChanges>;

export const gatewayConfig = initContract().router({
  get: {
    method: 'GET',
    path: '/v1/admin/gateway-config',
    summary: 'Retrieve the effective gateway configuration',
    description: 'Returns the values in effect, with defaults for those that are not set. Use it to fill a form before you change them.',
    responses: { 200: GatewayConfig },
    metadata: { auth: 'platform' },
  },
  set: {
    method: 'PUT',
    path: '/v1/admin/gateway-config',
    summary: 'Update the gateway configuration',
    description:
      'Omitted fields keep their values. Gateways apply the change within seconds, without a restart. It takes precedence over their environment.',
    body: GatewayConfigChanges,
    responses: { 200: GatewayConfig },
    metadata: { auth: 'platform', audit: ['gateway_config.update', 'gateway_config'] },
  },
} as const satisfies Resource);
