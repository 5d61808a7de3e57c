import type { Redemption, RedemptionRequest } from '../../../contract/me.ts';
import { countAgainst, type Limit, refuseWhileFull } from '../../http/limits.ts';
import { bucketOf } from '../../kernel/bucket.ts';
import { type Failure, notFound, refuse } from '../../kernel/failure.ts';
import type { Scope } from '../../kernel/scope.ts';
import { addCredits } from '../credits/ledger.ts';
import { turnOnFlag } from '../featureFlags/service.ts';
import type { RedemptionCodeRow, StateRow } from './queries.ts';
import * as queries from './queries.ts';

const limitOf = (userId: string): Limit => ({
  bucket: bucketOf('redeem', userId),
  most: 10,
  seconds: 600,
  reason: 'redeem_rate_limited',
});

/** Take what a code brings, for the active account. Throws 404 or 409 for a code that is not good, and 429 after too many of those. */
export async function redeemCode(scope: Scope, { code: typed }: RedemptionRequest): Promise<Redemption> {
  const code = typed.toUpperCase();
  await refuseUnusable(scope, code);
  const { id, type, value } = await takeUse(scope, code);
  await applyEffect(scope, { id, type, value });
  scope.audit({ targetId: id, metadata: { type, value } });
  return { code, type, value };
}

/** Most failures are found here, before there is a transaction: a failure must be counted whatever becomes of the effect. */
async function refuseUnusable({ read, actor }: Scope, code: string) {
  const limit = limitOf(actor.userId);
  await refuseWhileFull(read, [limit]);
  const problem = problemOf(await read.row(queries.selectState, [code, actor.userId]));
  if (!problem) return;
  await countAgainst(read, [limit]);
  throw problem;
}

/** Of parallel calls those that come too late learn why, as if they had come later still. */
async function takeUse({ tx, accountId, actor }: Scope, code: string): Promise<RedemptionCodeRow> {
  const used = await tx.row(queries.useCode, [code]);
  if (!used) throw problemOf(await tx.row(queries.selectState, [code, actor.userId])) ?? conflicts.code_exhausted();
  if ((await tx.run(queries.insertRedemption, [accountId, used.id, actor.userId])) === 0) throw conflicts.already_redeemed();
  return used;
}

async function applyEffect({ tx, accountId, actor }: Scope, { id, type, value }: RedemptionCodeRow): Promise<void> {
  if (type === 'credits')
    await addCredits(tx, { accountId, amount: Number(value), referenceType: 'redemption_code', referenceId: id, userId: actor.userId });
  // The flag was removed after the code was made: nothing is left to give.
  else if (!(await turnOnFlag(tx, accountId, value))) throw conflicts.code_inactive();
}

const conflict = (reason: string, message: string) => () => refuse('conflict', reason, message);
const conflicts = {
  code_inactive: conflict('code_inactive', 'This code is no longer of use.'),
  code_expired: conflict('code_expired', 'This code has expired.'),
  code_exhausted: conflict('code_exhausted', 'This code has been used up.'),
  already_redeemed: conflict('already_redeemed', 'You have redeemed this code before.'),
};

/** The first thing that stands against a code; undefined when it is good. */
function problemOf(state: StateRow | undefined): Failure | undefined {
  if (!state) return notFound();
  if (state.inactive) return conflicts.code_inactive();
  if (state.expired) return conflicts.code_expired();
  if (state.exhausted) return conflicts.code_exhausted();
  return state.redeemed ? conflicts.already_redeemed() : undefined;
}
