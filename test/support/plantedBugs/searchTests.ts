import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Database } from '../../../server/database/sql.ts';
import { plantBug, type TextChange } from './plantBug.ts';

/** A bug in the statements of the server: its title, and what it changes in their text. */
export type PlantedBug = [title: string, ...changes: TextChange[]];

type Search<T> = {
  title: string;
  database: Database;
  /** What must hold for each random case on a database. */
  propertyOf: (database: Database) => fc.IAsyncProperty<T>;
  /** The number of cases. */
  rounds: number;
  bugs: readonly PlantedBug[];
  /** The number of cases in which each bug must be found, and their seed. Another seed finds it too, but may take a minute longer. */
  bugRounds: number;
  bugSeed?: number;
  timeoutMs: number;
};

/** Declares the tests of a random search: it finds nothing in the server, and it finds each planted bug. */
export function declareSearchTests<T>({ title, database, propertyOf, rounds, bugs, bugRounds, bugSeed = 35, timeoutMs }: Search<T>): void {
  test(
    title,
    async () => {
      const found = await fc.check(propertyOf(database), { numRuns: rounds, endOnFailure: true });
      const { failed, seed, counterexamplePath, counterexample, errorInstance } = found;
      expect(failed, `seed ${seed}, path ${counterexamplePath}: ${String(counterexample)} ${String(errorInstance)}`).toBe(false);
    },
    timeoutMs,
  );

  test.each(bugs)(
    'the search finds a planted bug: %s',
    async (_title, ...changes) => {
      const planted = plantBug(database, changes);
      const found = await fc.check(propertyOf(planted.database), { numRuns: bugRounds, endOnFailure: true, seed: bugSeed });
      expect(planted.isPlanted(), String(found.errorInstance)).toBe(true);
      expect(found.failed).toBe(true);
    },
    timeoutMs,
  );
}
