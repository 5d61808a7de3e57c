import { defineEntity, p } from '@mikro-orm/core';

/** The sums of the changes are the numbers of users and accounts. Triggers append them, and a worker merges them. */
export const DirectoryCountChange = defineEntity({
  name: 'DirectoryCountChange',
  tableName: 'directory_count_changes',
  properties: {
    id: p.uuid().primary().defaultRaw('new_id()'),
    subject: p.enum(['user', 'account'] as const),
    change: p.bigint('number'),
    /** Of users: the day (UTC) of the last sign-in. Null for accounts, for users without one, and for days that were long past at the last merge. */
    lastLoginOn: p.date().nullable(),
  },
});
