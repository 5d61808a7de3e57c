import { countAgainst, type Limit, refuseWhileFull } from '../../http/limits.ts';
import { bucketOf } from '../../kernel/bucket.ts';
import { type RateLimitAddress, rateLimitAddress } from '../../kernel/clientAddress.ts';
import { notFound, refuse } from '../../kernel/failure.ts';
import { sha256 } from '../../kernel/ids.ts';
import type { RequestScope } from '../../kernel/scope.ts';
import type { OpenedShareRow, SharedMessageRow } from './queries.ts';
import * as queries from './queries.ts';
import { openSession, opensShare } from './session.ts';
import { shownOf } from './shown.ts';

/** A share that a token names; one with a password is open to those who have a session. */
export type FoundShare = { row: OpenedShareRow; isOpen: boolean };

/** The share that a token names. Throws 404, or 403 `invalid_session` for a session that is over or was never given. */
export async function findShare(scope: RequestScope, token: string, session: string | undefined): Promise<FoundShare> {
  const row = await findByToken(scope, token);
  if (row.password_hash === null) return { row, isOpen: true };
  if (session === undefined) return { row, isOpen: false };
  if (!opensShare(scope.app.keys, row.id, session, row.now))
    throw refuse('forbidden', 'invalid_session', 'Give the password of the share again.');
  return { row, isOpen: true };
}

async function findByToken({ read }: RequestScope, token: string): Promise<OpenedShareRow> {
  const row = await read.row(queries.selectShared, [sha256(token)]);
  if (!row) throw notFound();
  return row;
}

/** The messages that a share shows, oldest first. Throws 404 when it was deleted meanwhile. */
export async function listShown({ read }: RequestScope, { row }: FoundShare): Promise<SharedMessageRow[]> {
  const rows = await read.rows(queries.selectShown, shownOf(row));
  if (rows.length === 0) throw notFound();
  return rows.filter((each) => each.id !== null);
}

const limitOf = (shareId: string, address: RateLimitAddress): Limit => ({
  bucket: bucketOf('share', shareId, address),
  most: 10,
  seconds: 600,
  reason: 'share_rate_limited',
});

/** Open a share by its password: gives a session. Throws 404, 403 `wrong_password`, 409 `no_password`, 429 `share_rate_limited`. */
export async function verifyShare(scope: RequestScope, token: string, password: string): Promise<string> {
  const { read, origin, app } = scope;
  const { id, password_hash: hash, now } = await findByToken(scope, token);
  if (hash === null) throw refuse('conflict', 'no_password', 'This share has no password.');
  const limits = [limitOf(id, rateLimitAddress(origin.ip))];
  await refuseWhileFull(read, limits);
  if (!(await app.passwords.verify(hash, password))) {
    await countAgainst(read, limits);
    throw refuse('forbidden', 'wrong_password', 'The password is wrong.');
  }
  // Of many guesses at once all pass the first look; the one that is right must not be told from those that came too late.
  await refuseWhileFull(read, limits);
  return openSession(app.keys, id, now);
}
