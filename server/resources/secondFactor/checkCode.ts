import { type AttemptLimit, countAttempt, resetCount, undoAttempt } from '../../http/pipeline/attemptLimits.ts';
import type { RequestScope } from '../../http/scope.ts';
import type { Keys } from '../../platform/crypto/keys.ts';
import { unseal } from '../../platform/crypto/seal.ts';
import { failWith } from '../../platform/failure.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { rateLimitAddress } from '../../platform/network/clientAddress.ts';
import { loginLimits } from '../auth/login.ts';
import { encryptionContext, matchingStep, readCode, type TypedCode } from './codes.ts';
import * as queries from './queries.ts';

export type CodeKind = TypedCode['kind'];

const openSecret = ({ encryptionKeys }: Keys, sealed: Buffer, userId: string) => unseal(encryptionKeys, sealed, encryptionContext(userId));

/**
 * Wrong codes of the app for a user, from all client addresses, at a sign-in or at the confirmation of a setup. A guess matches one of three codes in a million, so that 240 guesses a day
 * succeed with a chance of 1 in 1,400 a day, for somebody who already has the password. Recovery codes cannot be guessed and stay usable, so
 * that reaching the limit locks no user out.
 */
export const appCodeLimit = (userId: string): AttemptLimit => ({
  bucket: limiterKeyOf('second-factor', userId),
  max: 10,
  seconds: 3_600,
  reason: 'login_rate_limited',
});

/** A typed code that was counted against the limits. `resettable`: the limits that start again after a right code. */
type CountedCode = { userId: string; code: TypedCode | undefined; resettable: readonly AttemptLimit[]; address: AttemptLimit };

/**
 * Counts a code against the limits of sign-in before it is compared: of any number of parallel guesses, only those within the limits are
 * compared. Call it before the user is locked: a request that holds the lock and waits for a second connection would wait for those that hold
 * the connections and wait for the lock.
 */
export async function countCode(
  { db, client }: RequestScope,
  { userId, loginKey }: { userId: string; loginKey: string },
  typed: string,
): Promise<CountedCode> {
  const code = readCode(typed);
  const [pair, address] = loginLimits(loginKey, rateLimitAddress(client.ip));
  const resettable = code?.kind === 'recovery_code' ? [pair] : [pair, appCodeLimit(userId)];
  await countAttempt(db, [...resettable, address]);
  return { userId, code, resettable, address };
}

/** Consumes a code of the second factor; returns undefined for a wrong one. The caller holds the lock of the user. */
export async function consumeCode(scope: RequestScope, counted: CountedCode): Promise<CodeKind | undefined> {
  const { userId, code, resettable, address } = counted;
  if (!code || !(await consume(scope, userId, code))) return undefined;
  for (const limit of resettable) await resetCount(scope.tx, limit);
  await undoAttempt(scope.tx, address);
  return code.kind;
}

async function consume(scope: RequestScope, userId: string, code: TypedCode): Promise<boolean> {
  if (code.kind === 'totp') return (await consumeAppCode(scope, userId, code.digits)) > 0;
  return (await scope.tx.run(queries.consumeRecoveryCode, { userId, hash: code.hash })) > 0;
}

/** Returns the number of changed rows: 0 for a wrong code, or one whose step was used before. */
export async function consumeAppCode({ app, tx }: Pick<RequestScope, 'app' | 'tx'>, userId: string, digits: string): Promise<number> {
  const factor = await tx.row(queries.lockSecret, { userId });
  const step = factor && (await matchingStep(openSecret(app.keys, factor.secret_sealed, userId), digits, factor.last_step));
  return step === undefined ? 0 : tx.run(queries.consumeStep, { userId, step });
}

export const invalidCode = () => failWith('unauthenticated', 'second_factor_invalid', 'The code is not valid.');
