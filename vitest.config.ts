import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longestFirst.ts';

/**
 * Files that measure the memory or the timers of their own process, or load modules in an order of their own: each gets a separate worker,
 * which loads the server anew (2.6 s of processor time). All others share three workers, so each module is loaded three times per run instead of once
 * per file, also in the browser tests of the playground (decision 0059).
 */
const alone = ['test/api/{http/memory,runs/eventBroker}.test.ts', 'test/unit/statements.test.ts'];

/** Stopped databases, killed processes, attacks that take time, races and packages: `npm run test:system`. */
const system = ['test/system/**/*.test.ts'];

/** Collects the statements of modules as it loads them, so none may be loaded before. */
const systemAlone = ['test/system/growth.test.ts'];

/** Files that measure milliseconds of pages and runs, or keep both cores busy with a browser and a bundler: they run one by one, after all others. */
const sequential = ['test/browser/{guideApps,playground/stream}.test.ts', 'test/runs/cancel.loop.test.ts'];

// These download third-party programs. Run them with `npm run test:counterparts`.
const apart = ['**/node_modules/**', 'test/system/counterparts/**'];

// Node.js strips the types and caches the compiled code. Vitest's own loader takes a fifth more processor time.
const experimental = { viteModuleRunner: false };
// These end only what hangs, however slow the machine. What has to be fast is asserted where it matters.
const limits = { testTimeout: 300_000, hookTimeout: 300_000, expect: { poll: { timeout: 60_000 } } };
// Other load on the machine only adds time, so a test is repeated after a pause that exceeds a time limit, and nothing else. See `toTakeLessThan` and `eventually`.
const retry = { count: 3, delay: 3_000, condition: /took \d+ ms, the limit is|did not happen within \d{1,4} ms$/ };
const common = {
  experimental,
  ...limits,
  retry,
  // The line that the summary prints of a failure says which values differ.
  chaiConfig: { truncateThreshold: 400 },
  pool: 'forks' as const,
  setupFiles: ['app/fileCleanup', 'app/durations', 'failures/serverErrors'].map((name) => `test/support/${name}.setup.ts`),
};

export default defineConfig({
  test: {
    globalSetup: ['test/support/app/postgres.ts'],
    // For two cores: tests wait for servers and time limits too. Four are slower.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './test/support/failures/summaryReporter.ts'],
    projects: [
      { test: { ...common, name: 'alone', include: alone, exclude: [...apart, ...sequential] } },
      {
        test: {
          ...common,
          name: 'shared',
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: [...apart, ...alone, ...sequential, ...system],
        },
      },
      {
        test: {
          ...common,
          name: 'system',
          isolate: false,
          globalSetup: ['test/support/cluster/serverBundle.ts'],
          include: system,
          exclude: [...apart, ...systemAlone],
        },
      },
      { test: { ...common, name: 'system alone', include: systemAlone, exclude: apart } },
      { test: { ...common, name: 'sequential', isolate: false, include: sequential, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
