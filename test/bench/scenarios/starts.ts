import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, median } from '../figures.ts';
import type { BenchOptions } from '../load.ts';
import { call } from '../people.ts';
import { npmStart, type Program, residentBytes, type SharedSettings, startServer } from '../processes.ts';

/** Time from `npm start` until the API is ready, with and without creating the database; and the memory of an idle API. */
export async function measureStarts(shared: SharedSettings, { rounds }: BenchOptions): Promise<Figure[]> {
  const first: number[] = [];
  const later: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const folder = await mkdtemp(join(tmpdir(), 'arkloop-bench-start-'));
    try {
      first.push(await timeStart(folder));
      later.push(await timeStart(folder));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  // A process that creates the schema uses more memory than one that finds it.
  await startServer('api', shared).then(({ stop }) => stop());
  const api = await startServer('api', shared);
  let [started, idle] = [0, 0];
  try {
    await sleep(3_000);
    started = await residentBytes(api);
    // The process returns the memory of the start once it is idle.
    await sleep(42_000);
    idle = await residentBytes(api);
  } finally {
    await api.stop();
  }
  return [
    { name: '`npm start`, the first', unit: 's', ours: median(first) / 1_000, threshold: { most: 8 } },
    { name: '`npm start`, later', unit: 's', ours: median(later) / 1_000, threshold: { most: 3 } },
    { name: 'memory of an API, 3 s after its start', unit: 'MiB', ours: started / 2 ** 20, threshold: 'for information' },
    { name: 'memory of an idle API, 45 s after its start', unit: 'MiB', ours: idle / 2 ** 20, threshold: { most: 175 } },
  ];
}

async function timeStart(folder: string): Promise<number> {
  const server: Program = await npmStart(join(folder, 'data'));
  const began = performance.now();
  try {
    await call(server.url, 'GET', '/readyz');
    return server.readyMs + performance.now() - began;
  } finally {
    await server.stop();
  }
}
