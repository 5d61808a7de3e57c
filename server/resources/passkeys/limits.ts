import { type AttemptLimit, countAttempt, undoAttempt } from '../../http/pipeline/attemptLimits.ts';
import type { RequestScope } from '../../http/scope.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { type RateLimitAddress, rateLimitAddress } from '../../platform/network/clientAddress.ts';

const reason = 'login_rate_limited';

/** Challenges that an address may have issued without a credential. Each is a row for five minutes. */
const challengeLimit = (address: RateLimitAddress): AttemptLimit => ({
  bucket: limiterKeyOf('passkey-options', address),
  max: 300,
  seconds: 900,
  reason,
});

/** Rejected passkeys of an address. A signature cannot be guessed: this limits the work of verifying. */
const rejectionLimit = (address: RateLimitAddress): AttemptLimit => ({
  bucket: limiterKeyOf('passkey', address),
  max: 100,
  seconds: 900,
  reason,
});

export const countChallenge = ({ db, client }: RequestScope): Promise<void> =>
  countAttempt(db, [challengeLimit(rateLimitAddress(client.ip))]);

/** Counts an attempt before it is verified. Throws 429. */
export async function countPasskeyAttempt({ db, client }: RequestScope): Promise<AttemptLimit> {
  const limit = rejectionLimit(rateLimitAddress(client.ip));
  await countAttempt(db, [limit]);
  return limit;
}

/** A passkey that was accepted does not count. */
export const forgetPasskeyAttempt = ({ tx }: RequestScope, limit: AttemptLimit) => undoAttempt(tx, limit);
