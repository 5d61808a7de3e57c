import { statement } from '../../kernel/sql.ts';

/** A workspace in the registry. */
export type WorkspaceRow = {
  account_id: string;
  project_id: string;
  owner_user_id: string;
  workspace_ref: string;
  /** The newest manifest; null before the first. */
  manifest_rev: string | null;
  last_used_at: string;
  /** How often contents that nobody named were removed. */
  sweeps: number;
};

const columns = 'account_id, project_id, owner_user_id, workspace_ref, manifest_rev, last_used_at, sweeps';

export const selectWorkspace = statement<WorkspaceRow>(
  `select ${columns} from workspaces where account_id = $1 and project_id = $2 and owner_user_id = $3`,
);

/** Gives nothing to those who come second. No constraint is named, because two are broken at once: naming one would fail on the other. */
export const insertWorkspace = statement<WorkspaceRow>(`
  insert into workspaces (account_id, project_id, owner_user_id, workspace_ref) values ($1, $2, $3, $4)
  on conflict do nothing returning ${columns}`);

export const touch = statement<never>('update workspaces set last_used_at = now() where account_id = $1 and workspace_ref = $2');

/** Counts objects before they are stored; what a crash leaves of them is found by the next sweep. The workspace is locked to the commit. */
export const reserveObjects = statement<never>(`
  with workspace as (
    update workspaces set leftovers_since = coalesce(leftovers_since, now()) where account_id = $1 and workspace_ref = $2
    returning account_id, workspace_ref)
  insert into workspace_objects (account_id, workspace_ref, name, size)
  select w.account_id, w.workspace_ref, o.name, o.size from workspace w, unnest($3::text[], $4::bigint[]) o(name, size)
  on conflict do nothing`);

export const releaseObjects = statement<never>(
  'delete from workspace_objects where account_id = $1 and workspace_ref = $2 and name = any($3::text[])',
);

/** All workspaces of a project that is deleted: the next sweep removes what they store. */
export const releaseWorkspaces = statement<never>(
  `update workspaces set leftovers_since = '-infinity' where account_id = $1 and project_id = $2`,
);

/** The manifest `$3` in place of `$4`, unless another has taken that place meanwhile, or contents were removed since sweep `$5`. */
export const replaceManifest = statement<never>(`
  update workspaces set manifest_rev = $3, last_used_at = now(), leftovers_since = coalesce(leftovers_since, now())
  where account_id = $1 and workspace_ref = $2 and manifest_rev is not distinct from $4 and sweeps = $5`);
