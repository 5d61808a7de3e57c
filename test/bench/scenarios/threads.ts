import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from '../figures.ts';
import { type BenchOptions, compare, notesOf, type Plan } from '../load.ts';
import { openThread, type Person, signUp } from '../people.ts';
import { residentBytes, type Shared, startServer, startYardstick } from '../processes.ts';

const connections = 200;

/** Creates, reads, renames, and deletes threads; reads one; lists 50 messages. Compared with the bare program on the same database. */
export async function measureThreads(shared: Shared, effort: BenchOptions): Promise<Figure[]> {
  const ours = await startServer('api', shared);
  const yardstick = await startYardstick(shared);
  try {
    const plans = await threadPlans(ours.url, await signUp(ours.url, 16));
    const sides = { ours, yardstick, postgresPid: shared.postgresPid };
    const mix = await compare(sides, plans.cycle, connections, effort);
    const one = await compare(sides, plans.one, connections, effort);
    const list = await compare(sides, plans.list, connections, effort);
    const busy = await residentBytes(ours);
    // The process returns the memory of the load once it is idle.
    await sleep(45_000);
    const idle = await residentBytes(ours);
    const figure = (name: string, compared: typeof mix, threshold: Figure['threshold']): Figure => ({
      name,
      unit: 'requests/s',
      ours: compared.ours.perSecond,
      yardstick: compared.yardstick.perSecond,
      threshold,
      note: notesOf(compared),
    });
    return [
      figure('threads: create, get, patch, delete', mix, { ratio: 0.7, aim: 0.85 }),
      figure('one thread', one, { ratio: 0.65, aim: 0.75 }),
      figure('list of 50 messages', list, { ratio: 0.6, aim: 0.75 }),
      { name: 'memory of the API after them', unit: 'MiB', ours: busy / 2 ** 20, threshold: 'for information' },
      { name: 'the same, 45 s later', unit: 'MiB', ours: idle / 2 ** 20, threshold: { most: 320 } },
    ];
  } finally {
    await Promise.all([ours.stop(), yardstick.stop()]);
  }
}

/** Creates a thread of 50 messages for each person. The requests of the three measurements, with the persons in rotation. */
export async function threadPlans(url: string, people: readonly Person[]): Promise<Record<'cycle' | 'one' | 'list', Plan>> {
  const words = Array.from({ length: 50 }, (_, n) => `Message ${n}. `.padEnd(300, 'All of it is text. '));
  const ids = await Promise.all(people.map((person) => openThread(url, person, words)));
  return {
    cycle: cycle(people),
    one: reads(people, (n) => `/v1/threads/${ids[n]}`),
    list: reads(people, (n) => `/v1/threads/${ids[n]}/messages?limit=50`),
  };
}

const json = { 'content-type': 'application/json' };

/** The four requests of a thread's lifecycle, with the users in rotation. */
const cycle =
  (people: readonly Person[]): Plan =>
  () => {
    let turn = 0;
    const bearer = () => ({ authorization: `Bearer ${people[turn++ % people.length]!.token}` });
    const onThread = {
      setupRequest: (request: object, { id, who }: ThreadCycle) => ({ ...request, path: `/v1/threads/${id}`, headers: who }),
    };
    const withBody = {
      setupRequest: (request: object, { id, who }: ThreadCycle) => ({
        ...request,
        path: `/v1/threads/${id}`,
        headers: { ...who, ...json },
      }),
    };
    return [
      {
        method: 'POST',
        path: '/v1/threads',
        body: JSON.stringify({ title: 'A thread' }),
        setupRequest: (request: object, context: Partial<ThreadCycle>) => {
          context.who = bearer();
          return { ...request, headers: { ...context.who, ...json } };
        },
        onResponse: (_status: number, body: string, context: Partial<ThreadCycle>) => {
          context.id = JSON.parse(body).id;
        },
      },
      { method: 'GET', ...onThread },
      { method: 'PATCH', body: JSON.stringify({ title: 'Another title' }), ...withBody },
      { method: 'DELETE', ...onThread },
    ] as ReturnType<Plan>;
  };

type ThreadCycle = { id: string; who: { authorization: string } };

/** One request, with the users in rotation. */
const reads =
  (people: readonly Person[], pathOf: (n: number) => string): Plan =>
  () =>
    people.map(({ token }, n) => ({ method: 'GET', path: pathOf(n), headers: { authorization: `Bearer ${token}` } }));
