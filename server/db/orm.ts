import type { EntityManager } from '@mikro-orm/postgresql';
import type pg from 'pg';

/** Makes a unit of work on a given connection; it sees the rows of one account, and without any no row that belongs to one. */
export type EntityManagers = (client: pg.PoolClient, accountId: string | undefined) => Promise<EntityManager>;

/** Units of work for the transactions of a pool. The ORM is loaded with the first one: it costs 200 ms and the hot paths never need it. */
export function entityManagers(pool: pg.Pool): EntityManagers {
  const load = async () => {
    const [{ MikroORM }, { Kysely, PostgresDialect }, { entities }, { ownRows }] = await Promise.all([
      import('@mikro-orm/postgresql'),
      import('kysely'),
      import('./entities.ts'),
      import('./ownRows.ts'),
    ]);
    const orm = await MikroORM.init({
      entities: [...entities],
      filters: { [ownRows.name]: ownRows },
      dbName: 'arkloop',
      driverOptions: new PostgresDialect({ pool }),
      logger: () => {},
    });
    return async (client: pg.PoolClient, accountId: string | undefined) => {
      // A pool of one that never gives the connection back: the transaction owns it.
      const borrowed = { connect: async () => ({ query: client.query.bind(client), release: () => {} }), end: async () => {} };
      const em = orm.em.fork() as EntityManager;
      if (accountId !== undefined) em.setFilterParams(ownRows.name, { accountId });
      em.setTransactionContext(new Kysely({ dialect: new PostgresDialect({ pool: borrowed as unknown as pg.Pool }) }));
      return em;
    };
  };
  let loading: ReturnType<typeof load> | undefined;
  return async (client, accountId) => {
    loading ??= load();
    return (await loading)(client, accountId);
  };
}
