import { refuse } from '../../kernel/failure.ts';
import type { Actor } from '../../kernel/scope.ts';
import { type Sql, statement } from '../../kernel/sql.ts';

const hold = statement<{ id: string }>(`
  select s.id from users u join sessions s on s.user_id = u.id and s.id = $2 and s.revoked_at is null
  where u.id = $1 and u.status = 'active' for share of u, s`);

/**
 * Keeps the session of the caller alive until the commit; throws 401 when it has ended since the request was admitted. Before what would outlive the
 * session: whatever ends it comes before, or waits and sees what was made. The lock is shared with other requests and runs of the user.
 */
export async function holdSession(tx: Sql, { userId, sessionId }: Actor): Promise<void> {
  if (!(await tx.row(hold, [userId, sessionId]))) throw refuse('unauthenticated', 'session_revoked', 'The session has ended.');
}
