import { type Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from './figures.ts';

/** How long answers took, in milliseconds. */
export type Times = { p50: number; p99: number };

export type Asked = { url: string; path: string; headers: Record<string, string> };

/** Asked at once after a pause of this program, at most: what the machine withheld from it is not made up for. */
const mostAtOnce = 4;

/** Ask so many times a second, whether earlier answers are there or not; throws when one is no success. */
export async function paced(agent: Agent, asked: Asked, perSecond: number, seconds: number): Promise<Times> {
  const times: number[] = [];
  const underway: Promise<void>[] = [];
  const until = performance.now() + seconds * 1_000;
  for (let last = performance.now(); last < until; ) {
    await sleep(1);
    const now = performance.now();
    const due = Math.min(mostAtOnce, Math.round(((now - last) / 1_000) * perSecond));
    for (let count = 0; count < due; count++) underway.push(timeOne(agent, asked, times));
    last = now;
  }
  await Promise.all(underway);
  return { p50: percentile(times, 50), p99: percentile(times, 99) };
}

function timeOne(agent: Agent, { url, path, headers }: Asked, times: number[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const began = performance.now();
  const outgoing = request(url + path, { agent, headers }, (response) => {
    response.resume().on('end', () => {
      times.push(performance.now() - began);
      if (response.statusCode === 200) resolve();
      else reject(new Error(`GET ${path}: ${response.statusCode}`));
    });
  });
  outgoing.on('error', reject).end();
  return promise;
}
