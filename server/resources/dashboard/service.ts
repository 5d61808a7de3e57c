import type { App } from '../../http/app.ts';
import type { Scope } from '../../http/scope.ts';
import { type DashboardRow, selectTotals } from './queries.ts';

/** Maximum age of the numbers: counting the users and the runs of today takes milliseconds, and a dashboard polls often. */
const maxAgeMs = 2_000;

const cache = new WeakMap<App, { numbers: Promise<DashboardRow>; until: number }>();

/** Requests within 2 s share one result. */
export function readDashboard({ app, db }: Pick<Scope, 'app' | 'db'>): Promise<DashboardRow> {
  const known = cache.get(app);
  if (known && known.until > performance.now()) return known.numbers;
  const numbers = db.row(selectTotals).then((row) => row!);
  cache.set(app, { numbers, until: performance.now() + maxAgeMs });
  numbers.catch(() => cache.delete(app));
  return numbers;
}
