import { defineEntity, type InferEntity, p } from '@mikro-orm/core';

/** A group of threads. */
export const ProjectSchema = defineEntity({
  name: 'Project',
  tableName: 'projects',
  properties: {
    accountId: p.uuid().primary(),
    id: p.uuid().primary(),
    teamId: p.uuid().nullable(),
    ownerUserId: p.uuid().nullable(),
    name: p.text(),
    description: p.text().nullable(),
    visibility: p.enum(['private', 'shared'] as const),
    isDefault: p.boolean(),
    createdAt: p.datetime(3),
    deletedAt: p.datetime(3).nullable(),
  },
});
export type ProjectRow = InferEntity<typeof ProjectSchema>;
