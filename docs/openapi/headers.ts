import type { HeaderObject, ParameterObject, ReferenceObject } from 'openapi3-ts/oas31';
import { isIdempotent } from '../../contract/shared/policy.ts';
import { hasEntityTag, type Route } from '../../contract/shared/route.ts';

const text = { type: 'string' } as const;

/** Response headers by component name. */
export const responseHeaders = {
  TraceId: {
    description: 'The trace ID of the request: 32 lowercase hex digits. Error responses also contain it in `trace_id`.',
    required: true,
    schema: { type: 'string', pattern: '^[0-9a-f]{32}$' },
  },
  Link: {
    description: 'The next page as `<…>; rel="next"` (RFC 8288), relative to the URL of the request. Absent on the last page.',
    schema: text,
  },
  NextCursor: { description: 'The value of `before` for the next page. Absent on the last page.', schema: text },
  RetryAfter: {
    description: 'Seconds to wait before the next attempt (RFC 9110, section 10.2.3).',
    required: true,
    schema: { type: 'integer', minimum: 1 },
  },
  RetryAfterInProgress: {
    description: 'Seconds to wait before the next attempt. Present only with the reason `idempotency_in_progress`.',
    schema: { type: 'integer', minimum: 1 },
  },
  RetryAfterOutage: {
    description: 'Seconds to wait before the next attempt, if the server can tell.',
    schema: { type: 'integer', minimum: 1 },
  },
  RetryAfterEarly: {
    description: 'Seconds to wait before the next attempt. Present with `rate_limit`.',
    schema: { type: 'integer', minimum: 1 },
  },
  RateLimit: {
    description:
      'Set by the gateway on every response to a request that it counts: `r` requests are left, and `t` seconds later there is one more (IETF draft).',
    schema: text,
  },
  RateLimitPolicy: {
    description: 'Set by the gateway: at most `q` requests at once, refilled within `w` seconds (IETF draft).',
    schema: text,
  },
  RateLimitMaximum: { description: 'The `q` of `RateLimit-Policy`.', schema: { type: 'integer', minimum: 0 } },
  RateLimitRemaining: { description: 'The `r` of `RateLimit`.', schema: { type: 'integer', minimum: 0 } },
  RateLimitReset: { description: 'Seconds until all requests are available again.', schema: { type: 'integer', minimum: 0 } },
  Allow: { description: 'The methods of the path. Present with `method_not_allowed`.', schema: text },
  Authenticate: {
    description: 'The authentication scheme (RFC 9110, section 11.6.1). Always `Bearer`.',
    required: true,
    schema: { type: 'string', const: 'Bearer' },
  },
  Replayed: {
    description: '`true` if the response is a replay of the first response for this `Idempotency-Key`.',
    schema: { type: 'string', const: 'true' },
  },
  EntityTag: {
    description: 'The version of the content, for `If-None-Match`.',
    required: true,
    schema: { type: 'string', pattern: '^"[0-9a-f]{64}"$' },
  },
  CacheControl: { description: 'How long the content may be cached.', required: true, schema: text },
  SessionCookie: {
    description:
      'The refresh token: `arkloop_refresh_token=…; Path=/v1/auth; HttpOnly; SameSite=Lax`, with `Secure` over HTTPS and always in production. Empty with `Max-Age=0` if the session has ended.',
    schema: text,
  },
} as const satisfies Record<string, HeaderObject>;

/** Request headers by component name. */
export const requestHeaders = {
  AccountId: {
    name: 'X-Account-Id',
    in: 'header',
    description:
      'Act in this account instead of the account of the credential. You must be a member of it; any other account is 404. Omit this header if the path contains an account.',
    schema: { type: 'string', format: 'uuid' },
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'For 24 hours, repeating the same request with the same key has no further effect and returns the first response. Printable ASCII. A key that was used for a different request is 409.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]([ -~]*[!-~])?$' },
  },
  BootstrapSecret: {
    name: 'X-Bootstrap-Secret',
    in: 'header',
    description: 'The value of `ARKLOOP_BOOTSTRAP_SECRET`. Not required from the same machine.',
    schema: { type: 'string' },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description:
      'The `ETag` of your copy. If it is current, the response to a GET is 304; any other value is ignored. An upload fails with 409 `revision_conflict` if the file is in this version, and with `*` if it exists.',
    schema: text,
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description:
      'The `ETag` of the version to change, or `*` for any. If the file is in another version, or there is none, the response is 409 `revision_conflict`. Ignored for folders.',
    schema: text,
  },
  LastEventId: {
    name: 'Last-Event-ID',
    in: 'header',
    description:
      'The `id` of the last event that you received. The stream resumes after it. If it is greater than the `id` of the last event, no events are missing.',
    schema: { type: 'string', pattern: '^[0-9]{1,10}$' },
  },
} as const satisfies Record<string, ParameterObject>;

/** The headers of deprecated operations. They are inline, because a component that no operation uses is an error. */
const deprecationResponseHeaders: Record<string, HeaderObject> = {
  Deprecation: {
    description: 'Since when the operation is deprecated, in Unix seconds (RFC 9745).',
    schema: { type: 'string', pattern: '^@\\d+$' },
  },
  Sunset: { description: 'When the operation may be removed (RFC 8594).', schema: text },
  Link: {
    description: 'The guide to deprecations, as `rel="deprecation"` and `rel="sunset"`, and the next page, if there is one.',
    schema: text,
  },
};

type ResponseHeader = keyof typeof responseHeaders;

const headerNames: Record<ResponseHeader, string> = {
  TraceId: 'X-Trace-Id',
  Link: 'Link',
  NextCursor: 'X-Next-Cursor',
  RetryAfter: 'Retry-After',
  RetryAfterInProgress: 'Retry-After',
  RetryAfterOutage: 'Retry-After',
  RetryAfterEarly: 'Retry-After',
  RateLimit: 'RateLimit',
  RateLimitPolicy: 'RateLimit-Policy',
  RateLimitMaximum: 'X-RateLimit-Limit',
  RateLimitRemaining: 'X-RateLimit-Remaining',
  RateLimitReset: 'X-RateLimit-Reset',
  Allow: 'Allow',
  Authenticate: 'WWW-Authenticate',
  Replayed: 'Idempotent-Replayed',
  EntityTag: 'ETag',
  CacheControl: 'Cache-Control',
  SessionCookie: 'Set-Cookie',
};

const refer = (names: readonly ResponseHeader[]): Record<string, ReferenceObject> =>
  Object.fromEntries(names.map((name) => [headerNames[name], { $ref: `#/components/headers/${name}` }]));

export const successHeaders = (route: Route) => ({
  ...refer([
    'TraceId',
    ...(route.metadata.pages ? (['Link', 'NextCursor'] as const) : []),
    ...(isIdempotent(route) ? (['Replayed'] as const) : []),
    ...(hasEntityTag(route) ? (['EntityTag', 'CacheControl'] as const) : []),
    ...(route.metadata.origin ? (['SessionCookie'] as const) : []),
  ]),
  ...(route.metadata.deprecated && deprecationResponseHeaders),
});

/** Headers that the gateway adds to every response. */
const rateLimitHeaders = ['RateLimit', 'RateLimitPolicy', 'RateLimitMaximum', 'RateLimitRemaining', 'RateLimitReset'] as const;
export const gatewayHeaders = refer(['TraceId', ...rateLimitHeaders]);
export const earlyErrorHeaders = refer(['TraceId', 'RetryAfterEarly', 'Allow', ...rateLimitHeaders]);

export const errorHeaders = (status: number, reasons: readonly string[]) =>
  refer([
    'TraceId',
    ...(status === 401 ? (['Authenticate'] as const) : []),
    ...(status === 429 ? (['RetryAfter'] as const) : []),
    ...(status === 503 ? (['RetryAfterOutage'] as const) : []),
    ...(reasons.includes('idempotency_in_progress') ? (['RetryAfterInProgress'] as const) : []),
  ]);
