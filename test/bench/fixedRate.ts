import { type Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from './figures.ts';

/** Response times in milliseconds. */
export type ResponseTimes = { p50: number; p99: number };

export type RequestTarget = { url: string; path: string; headers: Record<string, string> };

/** Maximum number of requests sent at once after this process was paused. Requests missed during the pause are not made up. */
const maxAtOnce = 4;

/** Sends requests at a fixed rate without waiting for earlier responses (open loop). Throws if a response is not 200. */
export async function sendAtRate(agent: Agent, asked: RequestTarget, perSecond: number, seconds: number): Promise<ResponseTimes> {
  const times: number[] = [];
  const underway: Promise<void>[] = [];
  const until = performance.now() + seconds * 1_000;
  for (let last = performance.now(); last < until;) {
    await sleep(1);
    const now = performance.now();
    const due = Math.min(maxAtOnce, Math.round(((now - last) / 1_000) * perSecond));
    for (let count = 0; count < due; count++) underway.push(timeOne(agent, asked, times));
    last = now;
  }
  await Promise.all(underway);
  return { p50: percentile(times, 50), p99: percentile(times, 99) };
}

function timeOne(agent: Agent, { url, path, headers }: RequestTarget, times: number[]): Promise<void> {
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
