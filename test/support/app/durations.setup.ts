import { expect } from 'vitest';

declare module 'vitest' {
  interface Matchers<R> {
    /** Fails if a duration in milliseconds is not below `limit`. The test is then tried again, see `retry` in vitest.config.ts. */
    toTakeLessThan(limit: number): R;
  }
}

expect.extend({
  toTakeLessThan: (ms: number, limit: number) => ({
    pass: ms < limit,
    message: () => `took ${ms.toFixed(0)} ms, the limit is ${limit} ms`,
  }),
});
