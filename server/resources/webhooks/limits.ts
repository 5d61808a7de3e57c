import { countAttempt } from '../../http/pipeline/attemptLimits.ts';
import type { Scope } from '../../http/scope.ts';
import { limiterKeyOf } from '../../platform/limiterKey.ts';

/** Counts a test event or its redelivery. Throws 429 `webhook_test_rate_limited`. */
export const countTest = ({ db, accountId }: Scope): Promise<void> =>
  countAttempt(db, [{ bucket: limiterKeyOf('webhook-test', accountId), max: 60, seconds: 60, reason: 'webhook_test_rate_limited' }]);

/** Finding the messages of a replay may read many deliveries. Throws 429 `webhook_replay_rate_limited`. */
export const countReplay = ({ db, accountId }: Scope): Promise<void> =>
  countAttempt(db, [{ bucket: limiterKeyOf('webhook-replay', accountId), max: 20, seconds: 3_600, reason: 'webhook_replay_rate_limited' }]);
