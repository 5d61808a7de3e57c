import { randomUUID } from 'node:crypto';
import { Migrator } from '@mikro-orm/migrations';
import { MikroORM } from '@mikro-orm/postgresql';
import { PostgresDialect } from 'kysely';
import pg from 'pg';
import { expect, test } from 'vitest';
import { migrations } from '../../server/database/migrations/index.ts';
import { newId } from '../../server/platform/crypto/ids.ts';
import { freshDatabase } from '../support/app/testApp.ts';
import { databaseOf } from '../support/world/databases.ts';
import { world } from '../support/world/world.ts';

test('of users with colliding logins or addresses all keep their values, and the verified, then the oldest one gets the key', async () => {
  const url = await freshDatabase();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const orm = await MikroORM.init({
    dbName: databaseOf(url),
    schema: world().schema,
    driverOptions: new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) }),
    entities: [],
    discovery: { warnWhenNoEntities: false },
    extensions: [Migrator],
    migrations: { migrationsList: migrations, snapshot: false, allOrNothing: true },
    logger: () => {},
  });
  orm.schema.ensureDatabase = async () => false;
  try {
    await orm.migrator.down({ migrations: ['Migration00030'] });
    const account = randomUUID();
    // The migration processes users by id. Ids of one millisecond are not ordered, so sort them.
    const ids = Array.from({ length: 10 }, newId).sort();
    const add = async (email: string | null, login: string, { verified = false, status = 'active' } = {}) => {
      const id = ids.shift()!;
      await client.query(
        `insert into users (id, username, email, email_verified_at, status) values ($1, $2, $3, case when $4 then now() end, $5)`,
        [id, login, email, verified, status],
      );
      await client.query(`insert into credentials (user_id, login, login_key, password_hash) values ($1, $2, lower($2), 'none')`, [
        id,
        login,
      ]);
      return id;
    };
    const older = await add('Root1@example.com', 'Root1');
    const verified = await add('"root1"@example.com', 'rооt1', { verified: true });
    const wide = await add('root1@ｅxample.com', 'ｗide');
    const latin = await add('coco@example.com', 'coco');
    const cyrillic = await add('сосо@example.com', 'сосо');
    const odd = await add('no address', 'two  words');
    await add(null, 'nameless');
    await add('gone@example.com', 'gone', { status: 'deleted' });
    await client.query(
      `insert into users (id, username, email) select gen_random_uuid(), 'many', case when n % 2 = 0 then 'ü' else '' end || 'many' || n || '@example.com'
       from generate_series(1, 5000) n`,
    );
    await client.query(`insert into accounts (id, slug, name, type, owner_user_id) values ($1, 'acme', 'Acme', 'workspace', $2)`, [
      account,
      older,
    ]);
    for (const [at, email] of ['guest@example.com', '"guest"@example.com', 'other@example.com'].entries())
      await client.query(
        `insert into invitations (account_id, id, invited_by_user_id, email, role, token_hash, expires_at, created_at)
         values ($1, gen_random_uuid(), $2, $3, 'member', $4, now() + interval '1 day', now() + $5 * interval '1 second')`,
        [account, older, email, `hash ${at}`, at],
      );

    await orm.migrator.up({ migrations: ['Migration00030'] });
    const keyOf = async (id: string) =>
      (await client.query('select email, email_key, email_skeleton from users where id = $1', [id])).rows[0];
    expect(await keyOf(verified)).toEqual({
      email: '"root1"@example.com',
      email_key: 'root1@example.com',
      email_skeleton: 'root1@example.com',
    });
    expect(await keyOf(older)).toEqual({ email: 'Root1@example.com', email_key: null, email_skeleton: null });
    expect(await keyOf(wide)).toEqual({ email: 'root1@ｅxample.com', email_key: null, email_skeleton: null });
    expect(await keyOf(latin)).toMatchObject({ email_key: 'coco@example.com', email_skeleton: 'coco@example.com' });
    expect(await keyOf(cyrillic)).toMatchObject({ email_key: 'сосо@example.com', email_skeleton: null });
    expect(await keyOf(odd)).toMatchObject({ email: 'no address', email_key: null });
    const { rows: missing } = await client.query(
      `select count(*)::int as n from users where username = 'many' and (email_key is null or email_skeleton is null)`,
    );
    expect(missing).toEqual([{ n: 0 }]);
    const { rows: logins } = await client.query('select login from credentials where login_skeleton is null order by user_id');
    expect(logins).toEqual([{ login: 'rооt1' }, { login: 'сосо' }]);
    const { rows: invited } = await client.query('select email, email_key from invitations order by created_at');
    expect(invited).toEqual([
      { email: '"guest"@example.com', email_key: 'guest@example.com' },
      { email: 'other@example.com', email_key: 'other@example.com' },
    ]);
    await orm.migrator.down({ migrations: ['Migration00030'] });
    await orm.migrator.up({ migrations: ['Migration00030'] });
    expect(await keyOf(verified)).toMatchObject({ email_key: 'root1@example.com' });
  } finally {
    await orm.close(true);
    await client.end();
  }
});
