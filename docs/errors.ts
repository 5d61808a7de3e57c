import { errorCodes, type ErrorName } from '../contract/shared/errorCodes.ts';
import { errorStatusesOf } from '../contract/shared/policy.ts';
import type { Contract } from '../contract/shared/route.ts';
import { operationIdOf } from './openapi/operation.ts';
import { reasonDescriptions } from './openapi/reasonDescriptions.ts';
import { reasonsOf } from './openapi/reasons.ts';

const introduction = `<!-- Generated from the contract by docs/errors.ts; do not edit. -->
# Errors

All error responses, from the API and from its gateway, have the same form:

\`\`\`json form
{
  "error": "conflict",
  "message": "A run of this thread has not ended yet.",
  "trace_id": "f9c59dd7f6e1476ca4d589d8c3240b5f",
  "details": { "reason": "thread_busy" }
}
\`\`\`

- Branch on the status, on \`error\`, and if you need more detail on \`details.reason\`. They are part of the contract. \`message\` is for humans and is not.
- Expect unknown codes and reasons: handle them according to their status.
- \`trace_id\` identifies the request in the server log. It is also in the \`X-Trace-Id\` header of every response. Quote it when you ask for help.
- A 400 lists all validation errors of the request in \`details.issues\`: \`location\` (\`path\`, \`query\`, \`header\`, \`body\`), \`path\` (a JSON Pointer in the body,
  otherwise the name of the parameter), \`message\`, and \`reason\` if the rule is not part of the schema of the value. \`details.reason\` is the reason of one of them.
- Resources of other accounts, resources that you may not see and resources that do not exist cannot be distinguished: all are 404.

The typed client throws an \`ApiError\`:

\`\`\`js file=errors.mjs
import { ApiError, createClient } from '@arkloop/client';

const client = createClient({ baseUrl: 'http://localhost:19000', apiKey: 'al_00000000000000000000000000000000' });
try {
  await client.threads.create({ body: {} });
} catch (error) {
  if (!(error instanceof ApiError)) throw error; // for example a lost connection
  console.log(error.status, error.code, error.reason, error.issues.length, error.retryable);
}
\`\`\`

\`\`\`sh
node errors.mjs
\`\`\`

\`\`\`text
401 auth.unauthorized invalid_token 0 false
\`\`\``;

/** Which errors can be retried, and when. */
const retryAdvice: Partial<Record<ErrorName, string>> = {
  too_slow: 'yes, nothing was done',
  rate_limited: 'after `Retry-After` seconds',
  internal: 'once; if it fails again, report it',
  upstream: 'later',
  bad_gateway: 'after a second',
  unavailable: 'later, or after `Retry-After` seconds if present',
  gateway_timeout: 'after a second',
};
const errorMeanings: Record<ErrorName, string> = {
  invalid: 'A value of the request is invalid.',
  unauthenticated: 'The credential is missing or invalid.',
  unpaid: 'The account, or the API key, has no unreserved credits left.',
  forbidden: 'You are not allowed to perform the operation.',
  not_found: 'The resource does not exist, belongs to another account or is not visible to you.',
  wrong_method: 'The path does not support this method. `Allow` lists the supported methods.',
  too_slow: 'The request did not arrive in time.',
  conflict: 'The request conflicts with the current state.',
  too_large: 'The body is too large.',
  unreadable: 'The body cannot be parsed.',
  rate_limited: 'Too many requests.',
  headers_too_large: 'The headers are too large.',
  internal: 'Internal server error.',
  upstream: 'A model or speech provider failed.',
  bad_gateway: 'The gateway cannot reach the API.',
  unavailable: 'A service or feature that the request needs is unavailable, disabled or overloaded.',
  gateway_timeout: 'The API did not respond to the gateway in time.',
};

const retryNote = `A repeated POST takes effect twice, unless it has an [Idempotency-Key](idempotency.md). The typed client generates this key and automatically retries
requests that are safe to repeat.`;

/** Reasons that are returned before the request reaches an operation, and by what. */
const earlyReasons: readonly [reason: string, status: number, by: string][] = [
  ['maintenance', 503, 'the gateway'],
  ['open_streams_exceeded', 429, 'the gateway'],
  ['request_rate', 429, 'the gateway'],
  ['unfinished_requests', 429, 'the gateway'],
  ['risk_rejected', 403, 'the gateway'],
  ['key_requests_exhausted', 429, 'all requests with an API key'],
];

/** The statuses and operation IDs of a reason. */
type ReasonUsage = { statuses: Set<number>; operations: Set<string> };

/** The errors guide: all codes, all reasons, and the operations that return them. */
export function errorsGuide(contract: Contract): string {
  const places = [...reasonUsages(contract)].sort(([a], [b]) => (a < b ? -1 : 1));
  const shared = Object.values(contract).flatMap((area) => Object.values(area)).length / 4;
  const codes = Object.entries(errorCodes).map(
    ([name, [status, code]]) =>
      `| ${status} | \`${code}\` | ${errorMeanings[name as ErrorName]} | ${retryAdvice[name as ErrorName] ?? 'no'} |`,
  );
  const rows = places.map(([reason, { statuses, operations }]) => {
    const where = operations.size > shared ? 'most operations' : [...operations].sort().map(quoted).join(', ');
    return `| \`${reason}\` | ${[...statuses].sort().join(', ')} | ${reasonDescriptions[reason] ?? ''} | ${where} |`;
  });
  return `${[
    introduction,
    '## Codes',
    ['| Status | `error` | Meaning | Retry? |', '|---|---|---|---|', ...codes].join('\n'),
    retryNote,
    '## Reasons',
    'The values of `details.reason`, and the operations that return them.',
    ['| Reason | Status | Meaning | Returned by |', '|---|---|---|---|', ...rows].join('\n'),
  ].join('\n\n')}\n`;
}

const quoted = (operation: string) => (operation.includes(' ') ? operation : `\`${operation}\``);

/** All reasons that operations and the gateway can return. */
export function reasonUsages(contract: Contract): Map<string, ReasonUsage> {
  const places = new Map<string, ReasonUsage>();
  const add = (reason: string, status: number, operation: string) => {
    const place = places.get(reason) ?? { statuses: new Set(), operations: new Set() };
    place.statuses.add(status);
    place.operations.add(operation);
    places.set(reason, place);
  };
  for (const [area, resource] of Object.entries(contract))
    for (const [verb, route] of Object.entries(resource)) {
      const id = operationIdOf(area, verb);
      for (const status of errorStatusesOf(route)) for (const reason of reasonsOf(id, route, status)) add(reason, status, id);
    }
  for (const [reason, status, by] of earlyReasons) add(reason, status, by);
  return places;
}
