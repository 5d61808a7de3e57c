import { z } from 'zod';
import { intParam } from './fields.ts';

/** A cursor by its form. One of this form that the same list did not give out, with the same filters, is 400 `invalid_cursor`. */
const Cursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]{18,}$/, 'is not a cursor of this list')
  .meta({
    id: 'PageCursor',
    description:
      'An opaque cursor. Only what the same list gave out, with the same filters, is accepted, and one value where `before` and `cursor` are both given. Anything else is 400, with the reason `invalid_cursor` if it has the form of a cursor.',
  });

/** What every cursor list accepts: how many rows, and where the page before ended. */
export const pageQuery = (defaultLimit = 20) =>
  z.object({
    limit: intParam(1, 200).default(defaultLimit).meta({ description: 'Rows of a page.' }),
    before: Cursor.optional().meta({ description: 'The opaque cursor of the page before: its `X-Next-Cursor`.' }),
  });

export type PageQuery = { limit: number; before?: string | undefined };

/** What long lists of administrators accept beside their filters: a page can be asked for as `before` or as `cursor` (specification, platform 0). */
export const aliasedPageQuery = <Filters extends z.ZodRawShape>(filters: Filters) =>
  z
    .object({
      ...pageQuery().shape,
      cursor: Cursor.optional().meta({ description: 'The same as `before`.' }),
      ...filters,
    })
    .superRefine((query, check) => {
      const { before, cursor } = query as Omit<AliasedPageQuery, 'limit'>;
      if (before !== undefined && cursor !== undefined && before !== cursor)
        check.addIssue({
          code: 'custom',
          path: ['cursor'],
          message: 'must be the same as `before`, or left out',
          params: { reason: 'invalid_cursor' },
        });
    });

export type AliasedPageQuery = PageQuery & { cursor?: string | undefined };
