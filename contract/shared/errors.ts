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
