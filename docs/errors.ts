import { type FailureName, failures } from '../contract/shared/failures.ts';
import { refusalsOf } from '../contract/shared/policy.ts';
import type { Contract } from '../contract/shared/route.ts';
import { operationIdOf } from './operation.ts';
import { reasonProse } from './reasonProse.ts';
import { reasonsOf } from './reasons.ts';

const opening = `<!-- Generated from the contract by docs/errors.ts; do not edit. -->
# Errors

Every refusal, by the API or by its gateway, has one form:

\`\`\`json form
{
  "error": "conflict",
  "message": "A run of this thread has not ended yet.",
  "trace_id": "f9c59dd7f6e1476ca4d589d8c3240b5f",
  "details": { "reason": "thread_busy" }
}
\`\`\`

- Branch on the status, on \`error\`, and where you must know more on \`details.reason\`. They are part of the contract; \`message\` is for people and is not.
- Expect codes and reasons you do not know: treat them by their status.
- \`trace_id\`, also the header \`X-Trace-Id\` of every answer, names the request in the server's log. Quote it when you ask for help.
- A 400 lists all that is wrong with the request in \`details.issues\`: \`location\` (\`path\`, \`query\`, \`header\`, \`body\`), \`path\` (a JSON Pointer in a body, else the name
  of the parameter) and \`message\`.
- What belongs to another account, what you may not see and what does not exist look the same: 404.

With the typed client a refusal is an \`ApiError\`:

\`\`\`ts file=refusals.ts
import { ApiError, createClient } from '@arkloop/client';

const client = createClient({ baseUrl: 'http://127.0.0.1:19001', apiKey: 'al_00000000000000000000000000000000' });
try {
  await client.threads.create({ body: {} });
} catch (error) {
  if (!(error instanceof ApiError)) throw error; // a lost connection, for one
  console.log(error.status, error.code, error.reason, error.issues.length, error.retryable);
}
\`\`\`

\`\`\`sh
node refusals.ts
\`\`\`

\`\`\`text
401 auth.unauthorized invalid_token 0 false
\`\`\``;

/** Which failures pass by themselves, and how. */
const repeat: Partial<Record<FailureName, string>> = {
  too_slow: 'yes; nothing was done',
  rate_limited: 'after `Retry-After` seconds',
  internal: 'once; then it is a fault to report',
  upstream: 'later',
  bad_gateway: 'after a second',
  unavailable: 'later; after `Retry-After` seconds where it says so',
  gateway_timeout: 'after a second',
};
const meaning: Record<FailureName, string> = {
  invalid: 'A value of the request breaks a rule.',
  unauthenticated: 'There is no usable credential.',
  unpaid: 'The account has no credits left.',
  forbidden: 'You can see this but may not do it.',
  not_found: 'Absent, of another account, or not visible to you.',
  wrong_method: 'The path knows other methods; `Allow` names them.',
  too_slow: 'The request did not arrive in time.',
  conflict: 'The request clashes with the present state.',
  too_large: 'The body is too large.',
  unreadable: 'The body cannot be read at all.',
  rate_limited: 'Too many requests.',
  headers_too_large: 'The headers are too large.',
  internal: 'A fault of the server.',
  upstream: 'A model or speech provider failed.',
  bad_gateway: 'The gateway does not reach the API.',
  unavailable: 'Something the request needs is off, down or too busy.',
  gateway_timeout: 'The API did not answer the gateway in time.',
};

const repeating = `A repeated POST has its effect twice, unless it carries an [Idempotency-Key](idempotency.md). The typed client makes one and repeats by itself what is
safe to repeat.`;

/** Reasons that the gateway gives before the API sees the request. */
const gatewayReasons: readonly [reason: string, status: number][] = [
  ['open_streams_exceeded', 429],
  ['request_rate', 429],
  ['unfinished_requests', 429],
  ['risk_rejected', 403],
];

/** Where a reason is met: statuses, and operations by id. */
type Place = { statuses: Set<number>; operations: Set<string> };

/** The registry of refusals as a guide: every code, every reason, and who gives it. */
export function errorsGuide(contract: Contract): string {
  const places = [...placesOf(contract)].sort(([a], [b]) => (a < b ? -1 : 1));
  const shared = Object.values(contract).flatMap((area) => Object.values(area)).length / 4;
  const codes = Object.entries(failures).map(
    ([name, [status, code]]) => `| ${status} | \`${code}\` | ${meaning[name as FailureName]} | ${repeat[name as FailureName] ?? 'no'} |`,
  );
  const rows = places.map(([reason, { statuses, operations }]) => {
    const where = operations.size > shared ? 'most operations' : [...operations].sort().map(quoted).join(', ');
    return `| \`${reason}\` | ${[...statuses].sort().join(', ')} | ${reasonProse[reason] ?? ''} | ${where} |`;
  });
  return `${[
    opening,
    '## Codes',
    ['| Status | `error` | Means | Repeat it? |', '|---|---|---|---|', ...codes].join('\n'),
    repeating,
    '## Reasons',
    'The values of `details.reason`, with the operations that give them.',
    ['| Reason | Status | Means | Given by |', '|---|---|---|---|', ...rows].join('\n'),
  ].join('\n\n')}\n`;
}

const quoted = (operation: string) => (operation.includes(' ') ? operation : `\`${operation}\``);

/** Every reason that an operation or the gateway can give. */
export function placesOf(contract: Contract): Map<string, Place> {
  const places = new Map<string, Place>();
  const add = (reason: string, status: number, operation: string) => {
    const place = places.get(reason) ?? { statuses: new Set(), operations: new Set() };
    place.statuses.add(status);
    place.operations.add(operation);
    places.set(reason, place);
  };
  for (const [area, resource] of Object.entries(contract))
    for (const [verb, route] of Object.entries(resource)) {
      const id = operationIdOf(area, verb);
      for (const status of refusalsOf(route)) for (const reason of reasonsOf(id, route, status)) add(reason, status, id);
    }
  for (const [reason, status] of gatewayReasons) add(reason, status, 'the gateway');
  return places;
}
