import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createAccessNotifier } from '../../../server/pubsub/runNotifier.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

test('a notification of changed access is repeated until it is accepted', async () => {
  let accepts = false;
  const sent: string[] = [];
  const errors: unknown[] = [];
  const publish = async (_topic: string, userId: string) => {
    if (!accepts) throw new Error('no connection is free');
    sent.push(userId);
  };
  const notify = createAccessNotifier({ publish }, (error) => errors.push(error));
  for (const userId of ['ada', 'bob', 'ada']) notify(userId);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sent).toEqual([]);
  expect(errors.length).toBeGreaterThan(3);
  accepts = true;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sent).toEqual(['ada', 'bob']);
});
