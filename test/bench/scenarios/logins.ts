import type { Figure } from '../figures.ts';
import { type BenchOptions, compare, notesOf, type Plan } from '../load.ts';
import { type Person, signUp } from '../people.ts';
import { type Shared, startServer, startYardstick } from '../processes.ts';

const connections = 8;

/** Password sign-ins, compared with a program that only verifies the hash. */
export async function measureLogins(shared: Shared, effort: BenchOptions): Promise<Figure[]> {
  const ours = await startServer('api', shared);
  const yardstick = await startYardstick(shared);
  try {
    const plan = loginPlan(await signUp(ours.url, 16));
    const compared = await compare({ ours, yardstick, postgresPid: shared.postgresPid }, plan, connections, effort);
    return [
      {
        name: `sign-ins, ${connections} at a time`,
        unit: 'requests/s',
        ours: compared.ours.perSecond,
        yardstick: compared.yardstick.perSecond,
        threshold: { ratio: 0.7, aim: 0.85 },
        note: notesOf(compared),
      },
    ];
  } finally {
    await Promise.all([ours.stop(), yardstick.stop()]);
  }
}

export function loginPlan(people: readonly Person[]): Plan {
  const requests = people.map(({ login, password }) => ({
    method: 'POST' as const,
    path: '/v1/auth/login',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ login, password }),
  }));
  return () => requests;
}
