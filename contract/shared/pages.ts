import { z } from 'zod';
import { intParam } from './fields.ts';

/** What every cursor list accepts: how many rows, and where the page before ended. */
export const pageQuery = (defaultLimit = 20) =>
  z.object({
    limit: intParam(1, 200).default(defaultLimit).meta({ description: 'Rows of a page.' }),
    before: z.string().min(1).optional().meta({ description: 'The opaque cursor of the page before: its `X-Next-Cursor`.' }),
  });

export type PageQuery = { limit: number; before?: string | undefined };
