import type { PageQuery } from '../../../contract/shared/pagination.ts';
import { type AttemptLimit, countAttempt, throwIfLimitReached } from '../../http/pipeline/attemptLimits.ts';
import type { RequestScope } from '../../http/scope.ts';
import { sha256 } from '../../platform/crypto/ids.ts';
import { failWith, notFound } from '../../platform/failure.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { type RateLimitAddress, rateLimitAddress } from '../../platform/network/clientAddress.ts';
import type { PublicShareRow } from './queries.ts';
import * as queries from './queries.ts';
import { createSessionToken, isValidSessionToken } from './session.ts';
import { sharedMessagesFilter } from './sharedMessages.ts';

/** `isOpen`: the share has no password, or the caller has a session. */
export type LoadedShare = { row: PublicShareRow; isOpen: boolean };

/** Throws 404, or 403 `invalid_session` for an expired or invalid session. */
export async function findShare(scope: RequestScope, token: string, session: string | undefined): Promise<LoadedShare> {
  const row = await findByToken(scope, token);
  if (row.password_hash === null) return { row, isOpen: true };
  if (session === undefined) return { row, isOpen: false };
  if (!isValidSessionToken(scope.app.keys, row.id, session, row.now))
    throw failWith('forbidden', 'invalid_session', 'Give the password of the share again.');
  return { row, isOpen: true };
}

async function findByToken({ db }: RequestScope, token: string): Promise<PublicShareRow> {
  const row = await db.row(queries.selectShareByToken, { tokenHash: sha256(token) });
  if (!row) throw notFound();
  return row;
}

/** A page of the messages of a share, oldest first; none of one that is not open. Throws 400 `invalid_cursor`, and 404 if the share was deleted. */
export async function listSharedMessages({ app, db }: RequestScope, { row, isOpen }: LoadedShare, { limit, before }: PageQuery) {
  const list = ['shared messages', row.id];
  const [afterNumber = 0] = (app.cursors.decode(before, list) ?? []) as number[];
  if (!isOpen) return { rows: undefined, next: undefined };
  const found = await db.rows(queries.selectSharedMessages, { ...sharedMessagesFilter(row), afterNumber, limit: limit + 1 });
  if (found.length === 0) throw notFound();
  const messages = found.filter((each) => each.id !== null);
  return app.cursors.page(messages, limit, list, ({ number }) => [number], queries.maxSharedPageBytes);
}

const limitOf = (shareId: string, address: RateLimitAddress): AttemptLimit => ({
  bucket: limiterKeyOf('share', shareId, address),
  max: 10,
  seconds: 600,
  reason: 'share_rate_limited',
});

/** Checks the password and returns a session token. Throws 404, 403 `wrong_password`, 409 `no_password`, 429 `share_rate_limited`. */
export async function verifyShare(scope: RequestScope, token: string, password: string): Promise<string> {
  const { db, client, app } = scope;
  const { id, password_hash: hash, now } = await findByToken(scope, token);
  if (hash === null) throw failWith('conflict', 'no_password', 'This share has no password.');
  const limits = [limitOf(id, rateLimitAddress(client.ip))] as const;
  await throwIfLimitReached(db, limits);
  if (!(await app.passwords.verify(hash, password))) {
    await countAttempt(db, limits);
    throw failWith('forbidden', 'wrong_password', 'The password is wrong.');
  }
  // Concurrent guesses all pass the first check. The second check rejects even a correct guess once the limit is reached.
  await throwIfLimitReached(db, limits);
  return createSessionToken(app.keys, id, now);
}
