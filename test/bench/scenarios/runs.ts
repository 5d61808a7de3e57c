import type { Agent } from 'node:http';
import { newAgent, post, readEvents } from '../events.ts';
import { type Figure, median, percentile } from '../figures.ts';
import type { BenchOptions } from '../load.ts';
import { openThread, type Person, signUp } from '../people.ts';
import { type SharedSettings, startServer } from '../processes.ts';

const together = 50;

type Timed = { created: number; first: number; completed: number };

/** Runs of the stub model without delay, measured at the client from its POST to the events on its stream. */
export async function measureRuns(shared: SharedSettings, { samples }: BenchOptions): Promise<Figure[]> {
  const server = await startServer('all', shared);
  try {
    const [person] = await signUp(server.url, 1);
    return await timeRuns(server.url, person!, samples);
  } finally {
    await server.stop();
  }
}

/** Times runs of one person, one at a time and 50 at once. */
export async function timeRuns(url: string, person: Person, samples: number): Promise<Figure[]> {
  const agent = newAgent();
  try {
    const threads = await Promise.all(Array.from({ length: together }, () => openThread(url, person, ['Hello!'])));
    const one = (n: number) => timeRun(agent, url, person, threads[n % together]!);
    for (let n = 0; n < 20; n++) await one(n);
    const alone: Timed[] = [];
    for (let n = 0; n < samples; n++) alone.push(await one(n));
    const crowds: Timed[][] = [];
    for (let wave = 0; wave < 5; wave++) crowds.push(await Promise.all(threads.map((_, n) => one(n))));
    return figuresOf(alone, crowds.slice(1));
  } finally {
    agent.destroy();
  }
}

async function timeRun(agent: Agent, url: string, { token }: Person, threadId: string): Promise<Timed> {
  const began = performance.now();
  const { run_id: runId } = await post<{ run_id: string }>(agent, url, token, `/v1/threads/${threadId}/runs`, {});
  const created = performance.now() - began;
  const events = await readEvents(agent, url, token, runId).ended;
  const at = (wanted: string) => {
    const found = events.find(({ type }) => type === wanted);
    if (!found) throw new Error(`no ${wanted} among ${events.map(({ type }) => type).join(', ')}`);
    return found.at - began;
  };
  return { created, first: at('worker.job.received'), completed: at('run.completed') };
}

function figuresOf(alone: readonly Timed[], crowds: readonly Timed[][]): Figure[] {
  const figure = (name: string, values: number[], most: number): Figure => ({
    name,
    unit: 'ms',
    ours: median(values),
    threshold: { most },
    note: `p99 ${percentile(values, 99).toFixed(1)} ms`,
  });
  const completed = crowds.map((wave) => wave.map((run) => run.completed));
  const p99 = median(completed.map((wave) => percentile(wave, 99)));
  return [
    figure(
      'run: created → first worker event, p50',
      alone.map((run) => run.first),
      20,
    ),
    figure(
      'run: created → completed, p50',
      alone.map((run) => run.completed),
      30,
    ),
    {
      name: `${together} runs at once: → completed, p99`,
      unit: 'ms',
      ours: p99,
      threshold: { most: 800 },
      note: `p50 ${median(completed.map(median)).toFixed(0)} ms, ${Math.round((together * 1_000) / p99)} runs/s`,
    },
  ];
}
