import { describe } from 'vitest';
import { describeAccounts } from './accounts.ts';
import { describeMembers } from './members.ts';
import { describeRuns } from './runs.ts';
import type { Target } from './target.ts';
import { describeThreads } from './threads.ts';

/** What a program that knows nothing but the client can rely on, whichever server it talks to: what differs is how a run is told what to say. */
export const describeConsumer = (name: string, target: Target) =>
  describe(name, () => {
    describeAccounts(target);
    describeMembers(target);
    describeThreads(target);
    describeRuns(target);
  });
