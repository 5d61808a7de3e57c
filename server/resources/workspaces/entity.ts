import { defineEntity, p } from '@mikro-orm/core';
import { timestamptz } from '../../database/columns.ts';

export const Workspace = defineEntity({
  name: 'Workspace',
  tableName: 'workspaces',
  properties: {
    accountId: p.uuid().primary(),
    projectId: p.uuid().primary(),
    ownerUserId: p.uuid().primary(),
    workspaceRef: p.text().unique('workspaces_workspace_ref_key'),
    manifestRev: p.text().nullable(),
    lastUsedAt: timestamptz().defaultRaw('now()'),
    createdAt: timestamptz().defaultRaw('now()'),
    leftoversSince: timestamptz().nullable(),
    sweeps: p.integer().default(0),
  },
  uniques: [{ name: 'workspaces_of_account', properties: ['accountId', 'workspaceRef'] }],
  indexes: [
    {
      name: 'workspaces_leftovers',
      expression: 'create index workspaces_leftovers on workspaces (leftovers_since) where (leftovers_since is not null)',
    },
  ],
});

export const WorkspaceObject = defineEntity({
  name: 'WorkspaceObject',
  tableName: 'workspace_objects',
  properties: {
    accountId: p.uuid().primary(),
    workspaceRef: p.text().primary(),
    name: p.text().primary(),
    size: p.bigint('number'),
  },
});
