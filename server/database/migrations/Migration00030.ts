import { Migration } from '@mikro-orm/migrations';
import { parseEmail } from '../../platform/identity/identity.ts';
import { skeletonOf } from '../../platform/identity/lookalikes.ts';

/**
 * Logins and addresses become unique by their canonical form and by their skeleton, which lookalikes share. Of colliding addresses, that of the
 * verified user, or else of the older user, keeps the key. The other users keep their data but are found only by login until an administrator changes
 * their address.
 */
export class Migration00030 extends Migration {
  override async up(): Promise<void> {
    await this.execute(columns);
    for (const statement of plainRows) await this.execute(statement);
    await fill(this, 'users', 'id', 'email', 'email_key is null', ({ email }) => {
      const read = parseEmail(email!);
      return read && { email_key: read.key, email_skeleton: read.skeleton };
    });
    await fill(this, 'invitations', 'id', 'email', 'email_key is null', ({ email }) => {
      const read = parseEmail(email!);
      return read && { email_key: read.key };
    });
    await fill(this, 'credentials', 'user_id', 'login', 'login_skeleton is null', ({ login }) => ({ login_skeleton: skeletonOf(login!) }));
    for (const statement of [...collisions, indexes]) await this.execute(statement);
  }

  override down(): void {
    this.addSql(undo);
  }
}

type Row = Record<string, string>;

/** Fills columns that SQL cannot compute, in batches of a thousand rows. */
async function fill(
  migration: Pick<Migration, 'execute'>,
  table: string,
  id: string,
  source: string,
  where: string,
  valuesOf: (row: Row) => Row | undefined,
) {
  for (let last = '00000000-0000-0000-0000-000000000000'; ;) {
    const rows = (await migration.execute(
      `select ${id} as id, ${source} from ${table} where ${source} is not null and ${where} and ${id} > ?::uuid order by ${id} limit 1000`,
      [last],
    )) as Row[];
    if (rows.length === 0) return;
    last = rows.at(-1)!.id!;
    const made = rows.flatMap((row) => {
      const values = valuesOf(row);
      return values ? [{ id: row.id, ...values }] : [];
    });
    const names = Object.keys(made[0] ?? {}).filter((name) => name !== 'id');
    if (names.length === 0) continue;
    await migration.execute(
      `update ${table} t set ${names.map((name) => `${name} = v.${name}`).join(', ')}
       from json_to_recordset(?::json) as v (id uuid, ${names.map((name) => `${name} text`).join(', ')}) where t.${id} = v.id`,
      [JSON.stringify(made)],
    );
  }
}

const columns = `
alter table users add column email_key text, add column email_skeleton text;
alter table credentials add column login_skeleton text;
alter table invitations add column email_key text;
drop index users_email;
drop index invitations_pending;
`;

// Plain ASCII, which nearly all rows are, is its own skeleton.
const plainEmail = String.raw`email ~ '^[A-Za-z0-9._+-]+@([A-Za-z0-9-]+\.)+[A-Za-z]+$' and email !~* 'xn--'`;
const plainRows = [
  `update users set email_key = lower(email collate "C"), email_skeleton = lower(email collate "C") where ${plainEmail}`,
  `update invitations set email_key = lower(email collate "C") where ${plainEmail}`,
  `update credentials set login_skeleton = lower(login collate "C") where login ~ '^[!-~]+$'`,
];

const collisions = [
  `update users set email_key = null, email_skeleton = null where id in (
     select id from (
       select id, row_number() over (partition by email_key order by email_verified_at is null, created_at, id) as place
       from users where status <> 'deleted' and email_key is not null) ranked where place > 1)`,
  `update users set email_skeleton = null where id in (
     select id from (
       select id, row_number() over (partition by email_skeleton order by email_verified_at is null, created_at, id) as place
       from users where status <> 'deleted' and email_skeleton is not null) ranked where place > 1)`,
  `update credentials set login_skeleton = null where user_id in (
     select user_id from (
       select user_id, row_number() over (partition by login_skeleton order by user_id) as place
       from credentials where login_skeleton is not null) ranked where place > 1)`,
  // Of several pending invitations to one mailbox, the newest is kept.
  `delete from invitations where id in (
     select id from (
       select id, row_number() over (partition by account_id, email_key order by created_at desc, id desc) as place
       from invitations where accepted_at is null and email_key is not null) ranked where place > 1)`,
];

const indexes = `
create unique index users_email_key on users (email_key) where status <> 'deleted';
create unique index users_email_skeleton on users (email_skeleton) where status <> 'deleted';
create unique index credentials_login_skeleton on credentials (login_skeleton);
create unique index invitations_pending on invitations (account_id, email_key) where accepted_at is null;
`;

const undo = `
drop index invitations_pending;
create unique index invitations_pending on invitations (account_id, lower(email)) where accepted_at is null;
alter table invitations drop column email_key;
alter table credentials drop column login_skeleton;
alter table users drop column email_key, drop column email_skeleton;
create unique index users_email on users (lower(email)) where status <> 'deleted';
`;
