import { z } from 'zod';
import { errorCodes } from './errorCodes.ts';

export const Issue = z
  .object({
    location: z.enum(['path', 'query', 'header', 'body']).meta({ description: 'Which part of the request contains the value.' }),
    path: z.string().meta({ description: 'JSON Pointer (RFC 6901) in the body, otherwise the name of the parameter.' }),
    message: z.string().meta({ description: 'Human-readable, such as `must not be blank`; not part of the contract.' }),
    reason: z
      .string()
      .optional()
      .meta({ description: 'A stable snake_case code, present for rules that the schema of the value does not express.' }),
  })
  .meta({ id: 'Issue', description: 'A validation error for one value of a request.' });
export type Issue = z.infer<typeof Issue>;

export const Problem = z
  .object({
    error: z
      .enum([...new Set(Object.values(errorCodes).map(([, code]) => code))])
      .meta({ id: 'ErrorCode', description: 'The error codes of the API.' })
      .meta({ description: 'Error code. The codes of each status are listed with its response.' }),
    message: z.string().meta({ description: 'Human-readable; not part of the contract.' }),
    trace_id: z
      .string()
      .regex(/^[0-9a-f]{32}$/)
      .meta({ description: 'The value of `X-Trace-Id`. Quote it when you report a problem.' }),
    details: z
      .looseObject({
        reason: z.string().optional().meta({ description: 'A stable snake_case code.' }),
        issues: z.array(Issue).max(50).optional().meta({ description: 'Present on every 400: all validation errors of the request.' }),
      })
      .meta({ description: 'Always an object.' }),
  })
  .meta({ id: 'Problem', description: 'The body of every error response.' });
export type Problem = z.infer<typeof Problem>;

/** The `type` of each status in the shape of OpenAI. */
const openAiTypes: Partial<Record<number, string>> = {
  401: 'authentication_error',
  402: 'insufficient_quota',
  403: 'permission_error',
  429: 'rate_limit_error',
};

const openAiTypeOf = (status: number) => openAiTypes[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error');

/** Codes under which the SDKs and users of OpenAI know a reason. */
const openAiCodes: Partial<Record<string, string>> = {
  missing_token: 'invalid_api_key',
  invalid_authorization: 'invalid_api_key',
  invalid_token: 'invalid_api_key',
  key_expired: 'invalid_api_key',
  credits_exhausted: 'insufficient_quota',
  key_budget_exhausted: 'insufficient_quota',
  inconsistent_values: 'invalid_value',
};

export const OpenAiProblem = z
  .object({
    error: z
      .object({
        message: z.string().meta({ description: 'Human-readable; not part of the contract.' }),
        type: z.string().meta({ description: 'Kind of error, such as `invalid_request_error` or `rate_limit_error`.' }),
        param: z.string().nullable().meta({ description: 'The invalid parameter, such as `messages[0].content`; null if there is none.' }),
        code: z.string().nullable().meta({
          description: 'The reason, such as `model_not_found`, `invalid_api_key` or `insufficient_quota`; null if there is none.',
        }),
      })
      .meta({ id: 'OpenAiError', description: 'An error in the shape of OpenAI.' })
      .meta({ description: 'What the SDKs of OpenAI read.' }),
    trace_id: Problem.shape.trace_id,
    details: Problem.shape.details,
  })
  .meta({
    id: 'OpenAiProblem',
    description: 'The body of error responses of operations in the format of OpenAI. Their SDKs read `error`.',
  });
export type OpenAiProblem = z.infer<typeof OpenAiProblem>;

/** The paths whose errors have the shape of OpenAI, also before a request reaches an operation. */
export const hasOpenAiErrors = (path: string): boolean => /^\/v1\/(?:chat\/completions|models(?:\/|$))/.test(path);

/** The same error in the shape of OpenAI. `message` names the first invalid value. */
export function openAiProblem(status: number, { error, message, trace_id, details }: Problem): OpenAiProblem {
  const [first] = details.issues ?? [];
  const param = first ? paramOf(first) : null;
  const told = first ? `Invalid value for ${param ? `'${param}'` : 'the body'}: ${first.message}` : message;
  const reason = details.reason ?? (status === 400 && first ? 'invalid_value' : null);
  const code = (reason !== null && openAiCodes[reason]) || (reason ?? (status < 500 ? error : null));
  return { error: { message: told, type: openAiTypeOf(status), param, code }, trace_id, details };
}

/** `/messages/0/content` is `messages[0].content`. */
function paramOf({ location, path }: Issue): string | null {
  if (location !== 'body') return path || null;
  const steps = path.split('/').slice(1);
  const written = steps.map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step.replaceAll('~1', '/').replaceAll('~0', '~')}`)).join('');
  return written.replace(/^\./, '') || null;
}
