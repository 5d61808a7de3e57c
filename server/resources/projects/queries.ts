import type { Visibility } from '../../../contract/projects.ts';
import { statement } from '../../kernel/sql.ts';
import { projectVisible } from './visible.ts';

/** A project as the queries give it. */
export type ProjectRow = {
  id: string;
  account_id: string;
  team_id: string | null;
  owner_user_id: string | null;
  name: string;
  description: string | null;
  visibility: Visibility;
  is_default: boolean;
  created_at: string;
};

const columns = 'p.id, p.account_id, p.team_id, p.owner_user_id, p.name, p.description, p.visibility, p.is_default, p.created_at';

export const insertProject = statement<ProjectRow>(`
  insert into projects as p (account_id, id, owner_user_id, team_id, name, description, visibility) values ($1, $2, $3, $4, $5, $6, $7)
  returning ${columns}`);

/** Nothing is written where there is one already. */
export const insertDefaultProject = statement<never>(`
  insert into projects (account_id, id, owner_user_id, name, is_default)
  select $1, $2, $3, 'Default', true
  where not exists (select from projects where account_id = $1 and owner_user_id = $3 and is_default and deleted_at is null)
  on conflict (account_id, owner_user_id) where is_default and deleted_at is null do nothing`);

/** A project of account `$1` that user `$2` sees; `$3`: whether he sees all. */
export const selectVisibleProject = statement<ProjectRow>(
  `select ${columns} from projects p where p.account_id = $1 and ${projectVisible} and p.id = $4`,
);

export const selectVisibleProjects = statement<ProjectRow>(`
  select ${columns} from projects p
  where p.account_id = $1 and ${projectVisible} and ($4::timestamptz is null or (p.created_at, p.id) < ($4, $5::uuid))
  order by p.created_at desc, p.id desc limit $6`);

/** Those who change a project do it one after the other. */
export const lockProject = statement<{ id: string }>(
  'select id from projects where account_id = $1 and id = $2 and deleted_at is null for no key update',
);

export const selectProject = statement<ProjectRow>(
  `select ${columns} from projects p where p.account_id = $1 and p.id = $2 and p.deleted_at is null`,
);

/** A team of the account, which stays until the end of the transaction. */
export const holdTeam = statement<{ id: string }>('select id from teams where account_id = $1 and id = $2 for key share');
