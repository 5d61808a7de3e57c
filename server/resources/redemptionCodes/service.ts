import type { Redemption, RedemptionRequest } from '../../../contract/me.ts';
import { type AttemptLimit, countAttempt, throwIfLimitReached } from '../../http/pipeline/attemptLimits.ts';
import type { Scope } from '../../http/scope.ts';
import { type Failure, failWith, notFound } from '../../platform/failure.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';
import { addCredits } from '../credits/ledger.ts';
import { enableFlag } from '../featureFlags/service.ts';
import type { CodeStateRow, RedemptionCodeRow } from './queries.ts';
import * as queries from './queries.ts';

const limitOf = (userId: string): AttemptLimit => ({
  bucket: limiterKeyOf('redeem', userId),
  max: 10,
  seconds: 600,
  reason: 'redeem_rate_limited',
});

/** Redeems a code for the active account. Throws 404 or 409 for a code that cannot be redeemed, 429 after too many failures. */
export async function redeemCode(scope: Scope, { code: typed }: RedemptionRequest): Promise<Redemption> {
  const code = typed.toUpperCase();
  await rejectUnusable(scope, code);
  const { id, type, value } = await consumeUse(scope, code);
  await grantReward(scope, { id, type, value });
  scope.audit({ targetId: id, metadata: { type, value } });
  return { code, type, value };
}

/** Checks the code outside of the transaction, so that a failed attempt is counted even if the transaction rolls back. */
async function rejectUnusable({ db, actor }: Scope, code: string) {
  const limit = limitOf(actor.userId);
  await throwIfLimitReached(db, [limit]);
  const problem = problemOf(await db.row(queries.selectCodeState, { code, userId: actor.userId }));
  if (!problem) return;
  await countAttempt(db, [limit]);
  throw problem;
}

/** A concurrent call that loses the last use gets the same error as a later call. */
async function consumeUse({ tx, accountId, actor }: Scope, code: string): Promise<RedemptionCodeRow> {
  const used = await tx.row(queries.incrementUseCount, { code });
  if (!used) throw problemOf(await tx.row(queries.selectCodeState, { code, userId: actor.userId })) ?? conflicts.code_exhausted();
  if ((await tx.run(queries.insertRedemption, { accountId, codeId: used.id, userId: actor.userId })) === 0)
    throw conflicts.already_redeemed();
  return used;
}

async function grantReward({ tx, accountId, actor }: Scope, { id, type, value }: RedemptionCodeRow): Promise<void> {
  if (type === 'credits')
    await addCredits(tx, { accountId, amount: Number(value), referenceType: 'redemption_code', referenceId: id, userId: actor.userId });
  // The feature flag was deleted after the code was issued.
  else if (!(await enableFlag(tx, accountId, value))) throw conflicts.code_inactive();
}

const conflict = (reason: string, message: string) => () => failWith('conflict', reason, message);
const conflicts = {
  code_inactive: conflict('code_inactive', 'This code is no longer of use.'),
  code_expired: conflict('code_expired', 'This code has expired.'),
  code_exhausted: conflict('code_exhausted', 'This code has been used up.'),
  already_redeemed: conflict('already_redeemed', 'You have redeemed this code before.'),
};

/** The first reason that prevents redemption; undefined if there is none. */
function problemOf(state: CodeStateRow | undefined): Failure | undefined {
  if (!state) return notFound();
  if (state.inactive) return conflicts.code_inactive();
  if (state.expired) return conflicts.code_expired();
  if (state.exhausted) return conflicts.code_exhausted();
  return state.redeemed ? conflicts.already_redeemed() : undefined;
}
