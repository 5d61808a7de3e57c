import { sql } from 'kysely';
import { type RowOf, statement } from '../../database/statement.ts';

const columns = ['account_id', 'project_id', 'owner_user_id', 'workspace_ref', 'manifest_rev', 'last_used_at', 'sweeps'] as const;

type WorkspaceOwner = { accountId: string; projectId: string; userId: string };

export const selectWorkspace = statement<WorkspaceOwner>()((db, $) =>
  db
    .selectFrom('workspaces')
    .select(columns)
    .where('account_id', '=', $.accountId)
    .where('project_id', '=', $.projectId)
    .where('owner_user_id', '=', $.userId),
);

/** `manifest_rev` is null before the first manifest; `sweeps` counts how often unused contents were removed. */
export type WorkspaceRow = RowOf<typeof selectWorkspace>;

/**
 * Inserts nothing if the workspace exists. `on conflict` names no constraint, because two unique constraints conflict at once: naming one
 * would raise an error on the other.
 */
export const insertWorkspace = statement<WorkspaceOwner & { ref: string }>()((db, $) =>
  db
    .insertInto('workspaces')
    .values({ account_id: $.accountId, project_id: $.projectId, owner_user_id: $.userId, workspace_ref: $.ref })
    .onConflict((conflict) => conflict.doNothing())
    .returning(columns),
);

type WorkspaceKey = { accountId: string; ref: string };

export const touch = statement<WorkspaceKey>()((db, $) =>
  db
    .updateTable('workspaces')
    .set({ last_used_at: sql<string>`now()` })
    .where('account_id', '=', $.accountId)
    .where('workspace_ref', '=', $.ref),
);

/**
 * Counts objects before they are stored. After a crash, the next sweep removes those that were not stored. Locks the workspace until the
 * commit.
 */
export const reserveObjects = statement<WorkspaceKey & { names: readonly string[]; sizes: readonly number[] }>()((db, $) =>
  db
    .with('workspace', (qc) =>
      qc
        .updateTable('workspaces')
        .set({ leftovers_since: sql<string>`coalesce(leftovers_since, now())` })
        .where('account_id', '=', $.accountId)
        .where('workspace_ref', '=', $.ref)
        .returning(['account_id', 'workspace_ref']),
    )
    .insertInto('workspace_objects')
    .columns(['account_id', 'workspace_ref', 'name', 'size'])
    .expression((eb) =>
      eb
        .selectFrom('workspace as w')
        .crossJoin(sql<{ name: string; size: number }>`unnest(${$.names}::text[], ${$.sizes}::bigint[])`.as<'o'>(sql`o (name, size)`))
        .select(['w.account_id', 'w.workspace_ref', 'o.name', 'o.size']),
    )
    .onConflict((conflict) => conflict.doNothing()),
);

export const releaseObjects = statement<WorkspaceKey & { names: readonly string[] }>()((db, $) =>
  db
    .deleteFrom('workspace_objects')
    .where('account_id', '=', $.accountId)
    .where('workspace_ref', '=', $.ref)
    .where(sql<boolean>`name = any(${$.names}::text[])`),
);

/** The bytes of all stored manifests of a workspace. */
export const sumManifests = statement<WorkspaceKey>()((db, $) =>
  db
    .selectFrom('workspace_objects')
    .select(sql<number>`coalesce(sum(size), 0)::float8`.as('bytes'))
    .where('account_id', '=', $.accountId)
    .where('workspace_ref', '=', $.ref)
    .where('name', 'like', sql.lit('manifests/%')),
);

/** Marks the workspaces of a deleted project; the next sweep removes their objects. */
export const releaseWorkspaces = statement<{ accountId: string; projectId: string }>()((db, $) =>
  db
    .updateTable('workspaces')
    .set({ leftovers_since: sql.lit('-infinity') })
    .where('account_id', '=', $.accountId)
    .where('project_id', '=', $.projectId),
);

/** Changes nothing if the manifest is no longer `since`, or if contents were removed after sweep `sweeps`. */
export const replaceManifest = statement<WorkspaceKey & { rev: string; since: string | null; sweeps: number }>()((db, $) =>
  db
    .updateTable('workspaces')
    .set({
      manifest_rev: $.rev,
      last_used_at: sql<string>`now()`,
      leftovers_since: sql<string>`coalesce(leftovers_since, now())`,
    })
    .where('account_id', '=', $.accountId)
    .where('workspace_ref', '=', $.ref)
    .where('manifest_rev', 'is not distinct from', $.since)
    .where('sweeps', '=', $.sweeps),
);
