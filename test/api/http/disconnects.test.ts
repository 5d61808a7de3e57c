import { expect, onTestFinished, test } from 'vitest';
import { metricsEvents } from '../../../server/platform/telemetry/metricsEvents.ts';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { disconnectWhileSending, unfinishedPaths } from '../../support/http/disconnect.ts';

const { url, signUp } = await sharedTestApp();

test.each(unfinishedPaths)('a client that disconnects while it sends a body to %s counts as status 499', async (path) => {
  const { token } = await signUp();
  const statuses: number[] = [];
  onTestFinished(metricsEvents.requestHandled.on(({ route, status }) => route === path && statuses.push(status)));
  await disconnectWhileSending(url, path, token);
  await expect.poll(() => statuses).toEqual([499]);
});
