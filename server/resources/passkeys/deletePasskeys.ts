import type { RequestScope } from '../../http/scope.ts';
import * as queries from './queries.ts';

/** Deletes all passkeys of a user, and what was begun with them. The caller holds the lock of the user. Returns how many there were. */
export async function deletePasskeys({ tx }: Pick<RequestScope, 'tx'>, userId: string): Promise<number> {
  await tx.run(queries.deleteChallengesOfUser, { userId });
  return tx.run(queries.deletePasskeysOfUser, { userId });
}
