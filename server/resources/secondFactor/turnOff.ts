import type { RequestScope } from '../../http/scope.ts';
import * as queries from './queries.ts';

/** Deletes the second factor and the sign-ins that wait for it. Returns false if it was off. The caller holds the lock of the user. */
export async function turnOff(
  { app, tx, afterCommit }: Pick<RequestScope, 'app' | 'tx' | 'afterCommit'>,
  userId: string,
): Promise<boolean> {
  const wasOn = (await tx.run(queries.disable, { userId })) > 0;
  for (const end of [queries.deleteSecret, queries.deleteChallenges]) await tx.run(end, { userId });
  if (wasOn) afterCommit(() => app.accessControl.invalidateUser(userId));
  return wasOn;
}
