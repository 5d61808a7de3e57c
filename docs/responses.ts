import type { ReferenceObject, ResponseObject } from 'openapi3-ts/oas31';
import { failures } from '../contract/shared/failures.ts';
import { refusalsOf } from '../contract/shared/policy.ts';
import type { Answer, Route } from '../contract/shared/route.ts';
import type { Components } from './components.ts';
import { headersOfRefusal, headersOfSuccess } from './headers.ts';
import { refusalProse, successProse } from './prose.ts';
import { reasonsOf } from './reasons.ts';

type SuccessStatus = keyof typeof successProse;
type Responses = Record<string, ResponseObject | ReferenceObject>;

const problem = { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } };
const words = (list: readonly string[]) => list.map((word) => `\`${word}\``).join(', ');

const codesOf = (status: number) =>
  Object.values(failures)
    .filter(([known]) => known === status)
    .map(([, code]) => code);

/** The refusals of no operation in particular: of the gateway, and of requests that never reach one. */
export const outsideRefusals = {
  RefusedOutside: {
    description: `Refused before the operation was reached: ${words(['method_not_allowed', 'request_timeout', 'rate_limit', 'headers_too_large'])}, and \`auth.forbidden\` under a host name that is not configured.`,
    headers: headersOfRefusal(0, []),
    content: problem,
  },
  FailedOutside: {
    description: `The gateway has no answer from the API: ${words(['bad_gateway', 'gateway_timeout'])}.`,
    headers: headersOfRefusal(0, []),
    content: problem,
  },
} as const satisfies Record<string, ResponseObject>;

/** Every answer of an operation: its successes, its refusals with their codes and reasons, and those it shares with all others. */
export function responsesOf(operationId: string, route: Route, components: Components): Responses {
  const successes = Object.entries(route.responses).map(([status, answer]) => [
    status,
    successOf(route, Number(status) as SuccessStatus, answer as Answer, components),
  ]);
  const refusals = refusalsOf(route).map((status) => [String(status), refusalOf(status, reasonsOf(operationId, route, status))]);
  return {
    ...Object.fromEntries([...successes, ...refusals]),
    '4XX': { $ref: '#/components/responses/RefusedOutside' },
    '5XX': { $ref: '#/components/responses/FailedOutside' },
  };
}

function successOf(route: Route, status: SuccessStatus, answer: Answer, components: Components): ResponseObject {
  const headers = headersOfSuccess(route);
  if (answer === null) return { description: successProse[status], headers };
  if ('last' in answer) {
    const description = `Server-sent events; the schema is that of one \`data\` line. It ends after ${words(answer.last)}.`;
    return { description, headers, content: { 'text/event-stream': { schema: components.schemaOf(answer.body, 'output') } } };
  }
  if ('bytes' in answer) {
    // Generators of clients know what to do with the first, the second is what it is.
    const schema = { type: 'string', format: 'binary' } as const;
    const content = { 'application/octet-stream': { schema }, '*/*': { schema } };
    return { description: 'The bytes of the file; `Content-Type` says what they are.', headers, content };
  }
  // Recorded examples show successes; what a failing probe answers is written here.
  const example = status === 503 && { example: { status: 'unavailable', reason: 'database unreachable' } };
  const media = { schema: components.schemaOf(answer, 'output'), ...example };
  return { description: successProse[status], headers, content: { 'application/json': media } };
}

function refusalOf(status: keyof typeof refusalProse, reasons: readonly string[]): ResponseObject {
  const why = reasons.length > 0 ? ` Reasons: ${words(reasons)}.` : '';
  return {
    description: `${words(codesOf(status))}: ${refusalProse[status]}${why}`,
    headers: headersOfRefusal(status, reasons),
    content: problem,
  };
}
