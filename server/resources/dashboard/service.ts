import type { App } from '../../kernel/app.ts';
import { type DashboardRow, selectNumbers } from './queries.ts';

/** How old the numbers may be: counting all runs of a big platform takes a while, and a page that shows them asks often. */
const lifeMs = 2_000;

const counted = new WeakMap<App, { numbers: Promise<DashboardRow>; until: number }>();

/** The platform in numbers. All who ask within the same two seconds share one answer. */
export function readDashboard(app: App): Promise<DashboardRow> {
  const known = counted.get(app);
  if (known && known.until > performance.now()) return known.numbers;
  const numbers = app.database.row(selectNumbers).then((row) => row!);
  counted.set(app, { numbers, until: performance.now() + lifeMs });
  numbers.catch(() => counted.delete(app));
  return numbers;
}
