import { entities } from './entities.ts';

type Column = { nullable?: boolean } | undefined;

const columns = new Map(entities.map(({ meta }) => [meta.className, (meta.properties as Record<string, Column>).accountId]));

/**
 * What the ORM adds to every search, change and removal of rows that belong to an account. It wants to be told which account, and throws
 * otherwise: forgetting is no way to see everything. A row that may belong to no account is the platform's, and everybody's to see.
 */
export const ownRows = {
  name: 'ownRows',
  default: true,
  entity: [...columns].flatMap(([name, column]) => (column ? [name] : [])),
  cond: ({ accountId }: { accountId: string }, _type: string, _em: unknown, _options: unknown, entity?: string) =>
    columns.get(entity ?? '')?.nullable ? { $or: [{ accountId }, { accountId: null }] } : { accountId },
};
