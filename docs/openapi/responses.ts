import type { ReferenceObject, ResponseObject } from 'openapi3-ts/oas31';
import { errorCodes } from '../../contract/shared/errorCodes.ts';
import { errorStatusesOf } from '../../contract/shared/policy.ts';
import { eventStreamOf, type ResponseBody, type Route } from '../../contract/shared/route.ts';
import type { Components } from './components.ts';
import { errorDescriptions, successDescriptions } from './descriptions.ts';
import { earlyErrorHeaders, errorHeaders, gatewayHeaders, successHeaders } from './headers.ts';
import { reasonsOf } from './reasons.ts';

type SuccessStatus = keyof typeof successDescriptions;
type Responses = Record<string, ResponseObject | ReferenceObject>;

const problem = { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } };
const openAiProblem = {
  'application/json': {
    schema: { $ref: '#/components/schemas/OpenAiProblem' },
    example: {
      error: {
        message: "There is no model 'gpt-0' that this account can use.",
        type: 'invalid_request_error',
        param: null,
        code: 'model_not_found',
      },
      trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
      details: { reason: 'model_not_found' },
    },
  },
};
const words = (list: readonly string[]) => list.map((word) => `\`${word}\``).join(', ');

const codesOf = (status: number) =>
  Object.values(errorCodes)
    .filter(([known]) => known === status)
    .map(([, code]) => code);

/** Errors that no operation returns: those of the gateway, and of requests that do not reach an operation. */
export const sharedErrorResponses = {
  EarlyError: {
    description: `Rejected before the request reached the operation: ${words(['method_not_allowed', 'request_timeout', 'rate_limit', 'headers_too_large'])}, and \`auth.forbidden\` for a host name that is not configured.`,
    headers: earlyErrorHeaders,
    content: problem,
  },
  GatewayError: {
    description: `The gateway did not get a response from the API: ${words(['bad_gateway', 'gateway_timeout'])}.`,
    headers: gatewayHeaders,
    content: problem,
  },
  FailureInOpenAiFormat: {
    description:
      'An error in the shape of OpenAI. The statuses are those of other operations; `error.code` is the reason, and `error.param` the invalid parameter.',
    headers: earlyErrorHeaders,
    content: openAiProblem,
  },
} as const satisfies Record<string, ResponseObject>;

/** One description for all errors of the operations in the format of OpenAI, whose clients do not read this document. */
const openAiError = { $ref: '#/components/responses/FailureInOpenAiFormat' };

/** All responses of an operation: its success responses, its errors with their codes and reasons, and the errors that all operations share. */
export function responsesOf(operationId: string, route: Route, components: Components): Responses {
  const successes = Object.entries(route.responses).map(([status, answer]) => [
    status,
    successResponseOf(route, Number(status) as SuccessStatus, answer as ResponseBody, components),
  ]);
  const statuses = errorStatusesOf(route);
  if (route.metadata.errors === 'openai')
    return Object.fromEntries([...successes, ...[...statuses, '4XX', '5XX'].map((status) => [String(status), openAiError])]);
  const errors = statuses.map((status) => [String(status), errorResponseOf(status, reasonsOf(operationId, route, status))]);
  return {
    ...Object.fromEntries([...successes, ...errors]),
    '4XX': { $ref: '#/components/responses/EarlyError' },
    '5XX': { $ref: '#/components/responses/GatewayError' },
  };
}

/** The meaning of the 204 of a stream (WHATWG HTML standard, section 9.2). */
const streamEnded = 'The run has ended, and `Last-Event-ID` is its final event. An `EventSource` stops reconnecting.';

function successResponseOf(route: Route, status: SuccessStatus, answer: ResponseBody, components: Components): ResponseObject {
  const headers = successHeaders(route);
  if (answer === null) return { description: status === 204 && eventStreamOf(route) ? streamEnded : successDescriptions[status], headers };
  if ('last' in answer) {
    const description = `Server-sent events: \`id\` is \`seq\`, \`event\` is \`type\`, and the schema describes \`data\`. Lines that start with a colon are comments, which keep the connection open. The stream ends after ${words(answer.last)}.`;
    return { description, headers, content: { 'text/event-stream': { schema: components.schemaOf(answer.body, 'output') } } };
  }
  if ('chunk' in answer) {
    const content = {
      'application/json': { schema: components.schemaOf(answer.body, 'output') },
      'text/event-stream': { schema: components.schemaOf(answer.chunk, 'output') },
    };
    return { description: answer.description, headers, content };
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
