import pg from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { RunEventInput } from '../../contract/events.ts';
import { createEventWriter } from '../../server/runs/record/eventBuffer.ts';
import { openScriptedThread } from '../support/agent/agent.ts';
import { chat } from '../support/agent/vendor.ts';
import { startTestApp } from '../support/app/testApp.ts';

const delta = (text: string): RunEventInput => ({ type: 'message.delta', data: { content: text, content_delta: text, role: 'assistant' } });
const textOf = (groups: readonly RunEventInput[][]) =>
  groups
    .flat()
    .map((step) => (step.type === 'message.delta' ? step.data.content_delta : step.type))
    .join('');

/** An event buffer whose first write blocks until `release()`. */
function blockedEventBuffer() {
  const groups: RunEventInput[][] = [];
  const first = Promise.withResolvers<void>();
  let seq = 1;
  const append = async (steps: RunEventInput[]) => {
    groups.push(steps);
    const from = seq;
    seq += steps.length;
    if (groups.length === 1) await first.promise;
    return from;
  };
  return { groups, writer: createEventWriter(append), release: first.resolve };
}

test('the first delta is written immediately, and deltas during a write are batched', async () => {
  const { groups, writer, release } = blockedEventBuffer();
  const pieces = Array.from({ length: 400 }, (_, n) => `${n} `);
  for (const piece of pieces) await writer.write(delta(piece));
  expect(groups.map(({ length }) => length)).toEqual([1]);
  release();
  await writer.flush();
  expect(groups.map(({ length }) => length)).toEqual([1, 399]);
  expect(textOf(groups)).toBe(pieces.join(''));
});

test('the route waits for the answer of a fast model, but not long, and the first delta after it not at all', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const route = { type: 'run.route.selected', data: {} } as RunEventInput;
  const { groups, writer, release } = blockedEventBuffer();
  release();
  await writer.write(route);
  await writer.write(delta('Hello'));
  expect(groups).toEqual([]);
  expect(await writer.drain()).toEqual([route, delta('Hello')]);
  await writer.write(route);
  await vi.advanceTimersByTimeAsync(49);
  expect(groups).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(groups).toEqual([[route]]);
  await writer.write(delta('Hello'));
  expect(groups).toEqual([[route], [delta('Hello')]]);
});

test('a model faster than the database is blocked at batches of 500 events or a million characters', async () => {
  const { groups, writer, release } = blockedEventBuffer();
  const pieces = Array.from({ length: 6_667 }, (_, n) => `${n} `);
  let written = 0;
  const all = (async () => {
    for (const piece of pieces) {
      await writer.write(delta(piece));
      written++;
    }
  })();
  await expect.poll(() => written).toBe(500);
  release();
  await all;
  await writer.flush();
  expect(Math.max(...groups.map(({ length }) => length))).toBe(500);
  expect(groups.length).toBeLessThanOrEqual(16);
  expect(textOf(groups)).toBe(pieces.join(''));

  const large = blockedEventBuffer();
  large.release();
  const mebibyte = 'x'.repeat(2 ** 20);
  for (let n = 0; n < 4; n++) await large.writer.write(delta(mebibyte));
  await large.writer.flush();
  expect(large.groups.map(({ length }) => length)).toEqual([1, 1, 1, 1]);
});

test('thousands of deltas take one transaction and one notification per 50 ms or 500 events', async () => {
  const app = await startTestApp();
  const count = 3_000;
  const pieces = Array.from({ length: count }, (_, n) => `word${n} `);
  const talk = await openScriptedThread(app, { script: [chat.answer(...pieces)] });
  const channel = new pg.Client({ connectionString: app.databaseUrl });
  await channel.connect();
  await channel.query('listen arkloop_runs');
  const announced: (string | undefined)[] = [];
  channel.on('notification', ({ payload }) => void announced.push(payload));
  const runId = await talk.start();
  const reader = await talk.follow(runId);
  await reader.ended;
  expect(reader.events.at(-1)).toMatchObject({ type: 'run.completed' });
  expect(reader.events.map(({ seq }) => seq)).toEqual(reader.events.map((_, at) => at + 1));
  expect(reader.events.flatMap((event) => (event.type === 'message.delta' ? [event.data.content_delta] : []))).toEqual(pieces);
  const [spent] = await app.sql(
    `select count(distinct xmin::text)::int as transactions, extract(epoch from max(created_at) - min(created_at))::float8 * 1000 as ms
     from run_events where run_id = $1 and type = 'message.delta'`,
    [runId],
  );
  await channel.query('select 1');
  expect(spent.transactions).toBeLessThanOrEqual(count / 500 + spent.ms / 50 + 2);
  // A few events other than deltas are written immediately.
  expect(announced.filter((ids) => ids?.includes(runId)).length).toBeLessThanOrEqual(spent.transactions + 10);
  await channel.end();
  await talk.vendor.close();
});
