import { z } from 'zod';
import { failures } from './failures.ts';

/** What is wrong with one value of a request. */
export const Issue = z
  .object({
    location: z.enum(['path', 'query', 'header', 'body']),
    path: z.string().meta({ description: 'JSON Pointer (RFC 6901) in a body, the name of the parameter elsewhere.' }),
    message: z.string(),
  })
  .meta({ id: 'Issue' });
export type Issue = z.infer<typeof Issue>;

/** The body of every refusal. */
export const Problem = z
  .object({
    error: z.enum([...new Set(Object.values(failures).map(([, code]) => code))]),
    message: z.string().meta({ description: 'For people; not part of the contract.' }),
    trace_id: z.string().regex(/^[0-9a-f]{32}$/),
    details: z
      .looseObject({
        reason: z.string().optional().meta({ description: 'A stable snake_case word.' }),
        issues: z.array(Issue).max(50).optional().meta({ description: 'On every 400: all that is wrong with the request.' }),
      })
      .meta({ description: 'Always an object.' }),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;
