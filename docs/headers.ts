import type { HeaderObject, ParameterObject, ReferenceObject } from 'openapi3-ts/oas31';
import { isIdempotent } from '../contract/shared/policy.ts';
import { hasBytes, type Route } from '../contract/shared/route.ts';

const text = { type: 'string' } as const;

/** The headers of answers, by the name under which documents refer to them. */
export const answerHeaders = {
  TraceId: {
    description: 'The trace of this request, also in the `trace_id` of a refusal: 32 lower-case hex digits.',
    required: true,
    schema: { type: 'string', pattern: '^[0-9a-f]{32}$' },
  },
  Link: {
    description: 'The next page as `<…>; rel="next"` (RFC 8288), relative to this address; absent on the last page.',
    schema: text,
  },
  NextCursor: { description: 'The value for `before` that gives the next page; absent on the last page.', schema: text },
  RetryAfter: {
    description: 'Whole seconds to wait before the next try (RFC 9110, 10.2.3).',
    required: true,
    schema: { type: 'integer', minimum: 1 },
  },
  RetryAfterInProgress: {
    description: 'Whole seconds to wait; only with the reason `idempotency_in_progress`.',
    schema: { type: 'integer', minimum: 1 },
  },
  RetryAfterOutage: { description: 'Whole seconds to wait, where the server knows.', schema: { type: 'integer', minimum: 1 } },
  Authenticate: {
    description: 'How to authenticate (RFC 9110, 11.6.1): always `Bearer`.',
    required: true,
    schema: { type: 'string', const: 'Bearer' },
  },
  Replayed: {
    description: '`true` when this is the first answer given again for a repeated `Idempotency-Key`.',
    schema: { type: 'string', const: 'true' },
  },
  EntityTag: {
    description: 'The version of the content, for `If-None-Match`.',
    required: true,
    schema: { type: 'string', pattern: '^"[0-9a-f]{64}"$' },
  },
  CacheControl: { description: 'How long the content may be kept.', required: true, schema: text },
  SessionCookie: {
    description:
      'The refresh token: `arkloop_refresh_token=…; Path=/v1/auth; HttpOnly; SameSite=Lax`, with `Secure` over HTTPS and always in production. Empty with `Max-Age=0` when the session ended.',
    schema: text,
  },
} as const satisfies Record<string, HeaderObject>;

/** The headers a request may carry, by the name under which documents refer to them. */
export const requestHeaders = {
  AccountId: {
    name: 'X-Account-Id',
    in: 'header',
    description:
      'Act in this account instead of the one that the credential names. You must be a member of it; any other account is 404. Where the path names an account, leave it out.',
    schema: { type: 'string', format: 'uuid' },
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'Repeating the same request with the same key has no second effect for 24 hours: the first answer comes again. Printable ASCII; spaces at the ends do not count, as in every header. The key of another request is 409.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]([ -~]*[!-~])?$' },
  },
  BootstrapSecret: {
    name: 'X-Bootstrap-Secret',
    in: 'header',
    description: 'The value of `ARKLOOP_BOOTSTRAP_SECRET`; not needed from the same machine.',
    schema: { type: 'string' },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'The `ETag` of the content you have: if it is current, the answer is 304. Any other value is as good as none.',
    schema: text,
  },
  LastEventId: {
    name: 'Last-Event-ID',
    in: 'header',
    description:
      'The `id` of the last event seen: the stream goes on after it. Decimal digits only; anything else is 400. A number above that of the last event means that nothing is missing.',
    schema: { type: 'string', pattern: '^[0-9]{1,10}$' },
  },
} as const satisfies Record<string, ParameterObject>;

type AnswerHeader = keyof typeof answerHeaders;

const wireNames: Record<AnswerHeader, string> = {
  TraceId: 'X-Trace-Id',
  Link: 'Link',
  NextCursor: 'X-Next-Cursor',
  RetryAfter: 'Retry-After',
  RetryAfterInProgress: 'Retry-After',
  RetryAfterOutage: 'Retry-After',
  Authenticate: 'WWW-Authenticate',
  Replayed: 'Idempotent-Replayed',
  EntityTag: 'ETag',
  CacheControl: 'Cache-Control',
  SessionCookie: 'Set-Cookie',
};

const refer = (names: readonly AnswerHeader[]): Record<string, ReferenceObject> =>
  Object.fromEntries(names.map((name) => [wireNames[name], { $ref: `#/components/headers/${name}` }]));

/** The headers of a success of a route. */
export const headersOfSuccess = (route: Route) =>
  refer([
    'TraceId',
    ...(route.metadata.pages ? (['Link', 'NextCursor'] as const) : []),
    ...(isIdempotent(route) ? (['Replayed'] as const) : []),
    ...(hasBytes(route) ? (['EntityTag', 'CacheControl'] as const) : []),
    ...(route.metadata.origin ? (['SessionCookie'] as const) : []),
  ]);

/** The headers of a refusal under a status. */
export const headersOfRefusal = (status: number, reasons: readonly string[]) =>
  refer([
    'TraceId',
    ...(status === 401 ? (['Authenticate'] as const) : []),
    ...(status === 429 ? (['RetryAfter'] as const) : []),
    ...(status === 503 ? (['RetryAfterOutage'] as const) : []),
    ...(reasons.includes('idempotency_in_progress') ? (['RetryAfterInProgress'] as const) : []),
  ]);
