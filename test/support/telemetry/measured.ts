import { expect } from 'vitest';

/** The module that a server preloads to be measured. */
export const measuring = new URL('../checks/loopDelay.ts', import.meta.url).href;

/** What a measured process reports since its last report: event loop delay in milliseconds and memory in bytes, see checks/loopDelay.ts. */
export type Report = { p50: number; p99: number; max: number; rss: number; peak: number; promoted: number };

export type Measured = { kill(signal: NodeJS.Signals): void; output(): string };

export async function reportOf({ kill, output }: Measured): Promise<Report> {
  const seen = output().length;
  kill('SIGUSR2');
  await expect.poll(() => output().slice(seen), { interval: 5 }).toMatch(/^loop delay .*\n/m);
  return JSON.parse(/^loop delay (.*)$/m.exec(output().slice(seen))![1]!);
}
