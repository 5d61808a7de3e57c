import { expect, test } from 'vitest';
import { leaseRun } from '../../../server/runs/lease/lease.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { openThread, startRun } from '../../support/resources/conversation.ts';

test('a plan that is decided while earlier events are stored is stored with the next events', async () => {
  const app = await sharedTestApp();
  const person = await app.signUp();
  const runId = await startRun(app, person, await openThread(app, person));
  const lease = (await leaseRun(app.database, runId, 60))!;
  const delta = { type: 'message.delta', data: { role: 'assistant', content: 'a', content_delta: 'a' } } as const;
  const earlier = lease.append([delta]);
  lease.run.unstored_plan = { route: '{}', model: 'm', personaId: 'pilot', persona: '{}' };
  await earlier;
  const stored = () => app.sql('select persona_id from runs where id = $1', [runId]);
  expect(await stored()).toEqual([{ persona_id: null }]);
  await lease.append([delta]);
  expect(await stored()).toEqual([{ persona_id: 'pilot' }]);
  expect(lease.run.unstored_plan).toBe(undefined);
});
