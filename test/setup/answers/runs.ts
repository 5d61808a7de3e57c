import { openStream } from '../events.ts';
import { adminOf } from '../planSamples.ts';
import { emptyThreadOf, post, threadOf } from '../samples/makers.ts';
import type { Change, Scene, Special } from './special.ts';

const withoutCredits: Special = async ({ world, by }) => {
  await world.sql('update credit_balances set balance = 0 where account_id = $1', [by.accountId]);
  return {};
};

/** One run at once, and it runs: in an account of its own. */
async function full({ world, sampleOf }: Scene): Promise<Change> {
  const by = await world.signUp();
  const sample = await sampleOf(by);
  const body = { account_id: by.accountId, key: 'limit.concurrent_runs', value: '1', value_type: 'integer' };
  await world.call('POST', '/v1/entitlement-overrides', { token: (await adminOf(world)).token, body });
  await post({ world, by }, `/v1/threads/${await threadOf({ world, by })}/runs`);
  return sample;
}

async function busy({ world, by, sample }: Scene): Promise<Change> {
  await post({ world, by }, `/v1/threads/${sample.params.thread_id}/runs`);
  return {};
}

/** Somebody has as many streams open as a user may. */
async function streaming({ world, sampleOf }: Scene): Promise<Change> {
  const by = await world.signUp();
  const sample = await sampleOf(by);
  const open = () => openStream(world.url, sample.params.run_id!, { token: by.token });
  await Promise.all(Array.from({ length: world.config.maxStreamsPerUser }, open));
  return { ...sample, token: by.token };
}

/** Nothing more happens in a run. */
async function over({ world, sample }: Scene): Promise<void> {
  await world.sql(`update runs set status = 'completed', completed_at = now() where id = $1`, [sample.params.run_id]);
}

const empty: Special = async (scene) => ({ params: { thread_id: await emptyThreadOf(scene) } });

const starting: Record<string, Special> = {
  '402 credits_exhausted': withoutCredits,
  '409 thread_busy': busy,
  '429 concurrent_runs_exceeded': full,
};

/** How runs refuse to start, and what else only they answer. */
export const runSpecials: Readonly<Record<string, Readonly<Record<string, Special>>>> = {
  'runs.continue': starting,
  'runs.create': { ...starting, '409 thread_empty': empty },
  'runs.editMessage': starting,
  'runs.events': {
    204: async (scene) => over(scene).then(() => ({ query: {}, headers: { 'last-event-id': '1000' } })),
    '429 open_streams_exceeded': streaming,
  },
  'runs.input': { '409 run_not_active': async (scene) => over(scene).then(() => ({})) },
  'runs.retry': {
    ...starting,
    '409 nothing_to_retry': empty,
  },
};
