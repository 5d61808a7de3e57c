import { newId } from '../../kernel/ids.ts';
import { type Sql, statement } from '../../kernel/sql.ts';

const insertDefaultProject = statement<never>(`
  insert into projects (account_id, id, owner_user_id, name, is_default) values ($1, $2, $3, 'Default', true)
  on conflict (account_id, owner_user_id) where is_default and deleted_at is null do nothing`);

/** Everybody has one default project in each account; made at registration, and again where it is missing. */
export const ensureDefaultProject = (sql: Sql, accountId: string, userId: string) =>
  sql.run(insertDefaultProject, [accountId, newId(), userId]);
