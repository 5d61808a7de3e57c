import type { ReferenceObject, ResponseObject } from 'openapi3-ts/oas31';
import { errorCodes } from '../../contract/shared/errorCodes.ts';
import { errorStatusesOf } from '../../contract/shared/policy.ts';
import type { ResponseBody, Route } from '../../contract/shared/route.ts';
import type { Components } from './components.ts';
import { errorDescriptions, successDescriptions } from './descriptions.ts';
import { errorHeaders, successHeaders } from './headers.ts';
import { reasonsOf } from './reasons.ts';

type SuccessStatus = keyof typeof successDescriptions;
type Responses = Record<string, ResponseObject | ReferenceObject>;

const problem = { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } };
const words = (list: readonly string[]) => list.map((word) => `\`${word}\``).join(', ');

const codesOf = (status: number) =>
  Object.values(errorCodes)
    .filter(([known]) => known === status)
    .map(([, code]) => code);

/** Errors that no operation returns: those of the gateway, and of requests that do not reach an operation. */
export const sharedErrorResponses = {
  EarlyError: {
    description: `Rejected before the request reached the operation: ${words(['method_not_allowed', 'request_timeout', 'rate_limit', 'headers_too_large'])}, and \`auth.forbidden\` for a host name that is not configured.`,
    headers: errorHeaders(0, []),
    content: problem,
  },
  GatewayError: {
    description: `The gateway did not get a response from the API: ${words(['bad_gateway', 'gateway_timeout'])}.`,
    headers: errorHeaders(0, []),
    content: problem,
  },
} as const satisfies Record<string, ResponseObject>;

/** All responses of an operation: its success responses, its errors with their codes and reasons, and the errors that all operations share. */
export function responsesOf(operationId: string, route: Route, components: Components): Responses {
  const successes = Object.entries(route.responses).map(([status, answer]) => [
    status,
    successResponseOf(route, Number(status) as SuccessStatus, answer as ResponseBody, components),
  ]);
  const errors = errorStatusesOf(route).map((status) => [String(status), errorResponseOf(status, reasonsOf(operationId, route, status))]);
  return {
    ...Object.fromEntries([...successes, ...errors]),
    '4XX': { $ref: '#/components/responses/EarlyError' },
    '5XX': { $ref: '#/components/responses/GatewayError' },
  };
}

function successResponseOf(route: Route, status: SuccessStatus, answer: ResponseBody, components: Components): ResponseObject {
  const headers = successHeaders(route);
  if (answer === null) return { description: successDescriptions[status], headers };
  if ('last' in answer) {
    const description = `Server-sent events. The schema describes the \`data\` of one event. The stream ends after ${words(answer.last)}.`;
    return { description, headers, content: { 'text/event-stream': { schema: components.schemaOf(answer.body, 'output') } } };
  }
  if ('bytes' in answer) {
    // Client generators support the first type; the second is the correct one.
    const schema = { type: 'string', format: 'binary' } as const;
    const content = { 'application/octet-stream': { schema }, '*/*': { schema } };
    return { description: 'The bytes of the file. `Content-Type` is its type.', headers, content };
  }
  // Recorded examples contain only success responses, so the response of a failing probe is written here.
  const example = status === 503 && { example: { status: 'unavailable', reason: 'database unreachable' } };
  const media = { schema: components.schemaOf(answer, 'output'), ...example };
  return { description: successDescriptions[status], headers, content: { 'application/json': media } };
}

function errorResponseOf(status: keyof typeof errorDescriptions, reasons: readonly string[]): ResponseObject {
  const why = reasons.length > 0 ? ` Reasons: ${words(reasons)}.` : '';
  return {
    description: `${words(codesOf(status))}: ${errorDescriptions[status]}${why}`,
    headers: errorHeaders(status, reasons),
    content: problem,
  };
}
