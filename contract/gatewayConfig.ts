import { initContract } from '@ts-rest/core';
import { z } from 'zod';
import { Cidr } from './shared/addresses.ts';
import type { Resource } from './shared/route.ts';

const IpMode = z.enum(['direct', 'proxy', 'cdn']);
const ipMode = { description: 'Where the address of a caller is read from: the connection, `X-Forwarded-For`, or the header of a CDN.' };
const cidrs = { description: 'Proxies whose word on the caller is taken, without host bits.' };
const threshold = { description: 'Risk from which requests are refused; 0 refuses none.' };
const capacity = { description: 'Requests of a caller at once.' };
const perMinute = { description: 'Requests of a caller in a minute.' };

/** What is in force at the gateway. */
export const GatewayConfig = z
  .object({
    ip_mode: IpMode.meta(ipMode),
    trusted_cidrs: z.array(z.string()).meta(cidrs),
    risk_reject_threshold: z.number().meta(threshold),
    rate_limit_capacity: z.number().meta(capacity),
    rate_limit_per_minute: z.number().meta(perMinute),
  })
  .meta({ id: 'GatewayConfig' });
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
  .meta({ id: 'GatewayConfigChanges' });
export type GatewayConfigChanges = z.infer<typeof GatewayConfigChanges>;

/** What the gateway lets through, and whose word on the caller it takes. */
export const gatewayConfig = initContract().router({
  get: {
    method: 'GET',
    path: '/v1/admin/gateway-config',
    summary: 'Read what is in force at the gateway',
    responses: { 200: GatewayConfig },
    metadata: { auth: 'platform' },
  },
  set: {
    method: 'PUT',
    path: '/v1/admin/gateway-config',
    summary: 'Change the configuration of the gateway',
    description:
      'What is left out keeps its value. Gateways apply it within seconds, without a restart; it counts more than their environment.',
    body: GatewayConfigChanges,
    responses: { 200: GatewayConfig },
    metadata: { auth: 'platform', audit: ['gateway_config.update', 'gateway_config'] },
  },
} as const satisfies Resource);
