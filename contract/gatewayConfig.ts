import { z } from 'zod';
import { inconsistentValues } from './shared/fields.ts';
import { Cidr } from './shared/ipAddresses.ts';
import { initContract, type Resource } from './shared/route.ts';

const IpMode = z.enum(['direct', 'proxy', 'cdn']).meta({ id: 'IpMode', description: 'Where the gateway finds the address of a client.' });
const ipMode = { description: 'Where the client IP address is read from: the connection, `X-Forwarded-For`, or a CDN header.' };
const cidrs = { description: 'Proxies that are trusted to report the client IP address, without host bits.' };
const threshold = { description: 'Requests with this risk score or a higher one are rejected; 0 disables the check.' };
const capacity = { description: 'Burst limit: requests per client at once.' };
const perMinute = { description: 'Requests per client per minute.' };

const countBy = z.enum(['client', 'api_key', 'address']).meta({ id: 'RateLimitCount', description: 'What a rate limit counts for.' });
const method = z
  .enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
  .meta({ id: 'RateLimitMethod', description: 'A method of HTTP.' });
const rate = () => z.number().gt(0).max(1_000_000);

/** At most one `*` in a segment, so that matching takes linear time. */
const pathPattern = /^(\/[A-Za-z0-9._~:@!$&'()+,;=%-]*(\*[A-Za-z0-9._~:@!$&'()+,;=%-]*)?)*(\/\*\*)?$/;

const ruleFields = {
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,39}$/)
    .meta({ description: 'Unique name, shown in `RateLimit-Policy` and in errors. `default` is the name of the limit of all requests.' }),
  path: z.string().min(2).max(200).regex(pathPattern).meta({
    description:
      'Path of the requests, such as `/v1/attachments/*` or `/v1/auth/**`: `*` is any text of a segment, `**` at the end any rest.',
  }),
  methods: z.array(method).min(1).max(7).optional().meta({ description: 'Methods of the requests; all if absent. `GET` includes `HEAD`.' }),
  plans: z
    .array(z.string().min(1).max(64))
    .min(1)
    .max(50)
    .optional()
    .meta({ description: 'Names of plans: only requests of accounts with one of them; all if absent.' }),
  count_by: countBy.meta({
    description:
      'What the limit counts for: the account and the user (or the address of an anonymous client), each API key, or each address.',
  }),
  capacity: rate().min(1).meta({ description: 'Burst limit: requests at once.' }),
  per_minute: z.number().min(0.001).max(1_000_000).meta({ description: 'Requests per minute.' }),
};

export const RateLimitRule = z.object(ruleFields).meta({ id: 'RateLimitRule', description: 'A limit for some of the requests.' });
export type RateLimitRule = z.infer<typeof RateLimitRule>;

const NewRateLimitRule = z.strictObject(ruleFields).meta({ id: 'NewRateLimitRule', description: 'A limit for some of the requests.' });

export const RateLimitRules = z.array(NewRateLimitRule).max(50).check(checkUniqueNames);

function checkUniqueNames({ value, issues }: z.core.ParsePayload<{ name: string }[]>) {
  const names = new Set(['default']);
  for (const [index, { name }] of value.entries()) {
    if (names.has(name))
      issues.push({
        code: 'custom',
        path: [index, 'name'],
        input: name,
        message: 'is the name of another limit',
        params: inconsistentValues,
      });
    names.add(name);
  }
}

const rules = { description: 'Further limits for some of the requests. A request takes a token of every limit that applies, or of none.' };
const maintenance = {
  description: 'Whether requests are rejected with 503 `maintenance`, except those of platform admins and allowed addresses.',
};
const retryAfter = { description: '`Retry-After` of rejected requests during maintenance, in seconds.' };
const allowed = { description: 'Networks whose requests are served during maintenance.' };

export const GatewayConfig = z
  .object({
    ip_mode: IpMode.meta(ipMode),
    trusted_cidrs: z.array(z.string()).meta(cidrs),
    risk_reject_threshold: z.number().meta(threshold),
    rate_limit_capacity: z.number().meta(capacity),
    rate_limit_per_minute: z.number().meta(perMinute),
    rate_limit_rules: z.array(RateLimitRule).meta(rules),
    maintenance: z.boolean().meta(maintenance),
    maintenance_retry_after_seconds: z.number().meta(retryAfter),
    maintenance_allowed_cidrs: z.array(z.string()).meta(allowed),
  })
  .meta({ id: 'GatewayConfig', description: 'The effective gateway configuration.' });
export type GatewayConfig = z.infer<typeof GatewayConfig>;

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
    rate_limit_rules: RateLimitRules.optional().meta({ description: `${rules.description} Replaces the list.` }),
    maintenance: z.boolean().optional().meta(maintenance),
    maintenance_retry_after_seconds: z.int().min(1).max(86_400).optional().meta(retryAfter),
    maintenance_allowed_cidrs: z.array(Cidr).max(200).optional().meta(allowed),
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
