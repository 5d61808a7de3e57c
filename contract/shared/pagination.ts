import { z } from 'zod';
import { intParam } from './fields.ts';

/** Checks only the form. A cursor from another list, or with other filters, is 400 `invalid_cursor`. */
const Cursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]{18,}$/, 'is not a cursor of this list')
  .meta({
    id: 'PageCursor',
    description:
      'An opaque cursor. Only cursors that the same list returned with the same filters are accepted. If `before` and `cursor` are both given, they must be equal. Any other value is rejected with 400, with the reason `invalid_cursor` if it has the form of a cursor.',
  });

/** The most rows of a page of any list. */
export const maxPageRows = 200;

/** The query parameters of every paginated list. */
export const pageQuery = (defaultLimit = 20) =>
  z.object({
    limit: intParam(1, maxPageRows).default(defaultLimit).meta({ description: 'Rows per page.' }),
    before: Cursor.optional().meta({ description: 'An opaque cursor: the `X-Next-Cursor` of the previous page.' }),
  });

export type PageQuery = { limit: number; before?: string | undefined };

/** `pageQuery` for admin lists, which also accept `cursor` as an alias of `before`. */
export const adminPageQuery = <Filters extends z.ZodRawShape>(filters: Filters) =>
  z
    .object({
      ...pageQuery().shape,
      cursor: Cursor.optional().meta({ description: 'Alias of `before`.' }),
      ...filters,
    })
    .superRefine((query, check) => {
      const { before, cursor } = query as Omit<AdminPageQuery, 'limit'>;
      if (before !== undefined && cursor !== undefined && before !== cursor)
        check.addIssue({
          code: 'custom',
          path: ['cursor'],
          message: 'must be the same as `before`, or left out',
          params: { reason: 'invalid_cursor' },
        });
    });

type AdminPageQuery = PageQuery & { cursor?: string | undefined };
