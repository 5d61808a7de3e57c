import { describe } from 'vitest';
import { describeAccounts } from './accounts.ts';
import { describeAdministration } from './administration.ts';
import { describeCredits } from './credits.ts';
import { describeMembers } from './members.ts';
import { describeRuns } from './runs.ts';
import type { Target } from './target.ts';
import { describeThreads } from './threads.ts';
import { describeWebhooks } from './webhooks.ts';

/** The behavior that a program can rely on through the client alone, on any server. Targets differ only in how they plan the answers of runs. */
export const describeConsumer = (name: string, target: Target) =>
  describe(name, () => {
    describeAccounts(target);
    describeMembers(target);
    describeThreads(target);
    describeRuns(target);
    describeCredits(target);
    describeAdministration(target);
    describeWebhooks(target);
  });
