/** All API errors: HTTP status and `error` code. Neither is unique on its own: 422 shares its code with 400, and 502 has two codes. */
export const errorCodes = {
  invalid: [400, 'validation.error'],
  unauthenticated: [401, 'auth.unauthorized'],
  unpaid: [402, 'billing.insufficient_credits'],
  forbidden: [403, 'auth.forbidden'],
  not_found: [404, 'not_found'],
  wrong_method: [405, 'method_not_allowed'],
  too_slow: [408, 'request_timeout'],
  conflict: [409, 'conflict'],
  too_large: [413, 'payload_too_large'],
  unreadable: [422, 'validation.error'],
  rate_limited: [429, 'rate_limit'],
  headers_too_large: [431, 'headers_too_large'],
  internal: [500, 'internal_error'],
  upstream: [502, 'provider.upstream_error'],
  bad_gateway: [502, 'bad_gateway'],
  unavailable: [503, 'unavailable'],
  gateway_timeout: [504, 'gateway_timeout'],
} as const;

export type ErrorName = keyof typeof errorCodes;
type Row = (typeof errorCodes)[ErrorName];

export type ErrorStatus = Row[0];

export type ErrorCodeOf<S extends ErrorStatus> = Extract<Row, readonly [S, string]>[1];
