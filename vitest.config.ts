import { defineConfig } from 'vitest/config';

/** Files that start processes or measure their own: each gets a worker of its own. All others share two, so that every module is loaded twice in a run, not once a file. */
const alone = [
  'test/{browser,consumer,faults,guides,ops,package}/**/*.test.ts',
  'test/agent/{mcp.programs,upstreamFailures.dialects,webFetch}.test.ts',
  'test/api/{bootstrap,hostile,hub}.test.ts',
  'test/worker/webhooks.receivers.test.ts',
  'test/{costs,tenancy.statements}.test.ts',
];

// Their counterparts are fetched from the network: `npm run test:counterparts`.
const apart = ['**/node_modules/**', 'test/counterparts/**'];

const common = { testTimeout: 30_000, hookTimeout: 60_000, pool: 'forks' } as const;

export default defineConfig({
  test: {
    globalSetup: ['test/setup/postgres.ts'],
    // Two cores: more files at once only wait for each other.
    maxWorkers: 2,
    reporters: ['default', './test/setup/skippedTests.ts'],
    projects: [
      { test: { ...common, name: 'alone', include: alone } },
      { test: { ...common, name: 'shared', isolate: false, include: ['test/**/*.test.ts'], exclude: [...apart, ...alone] } },
    ],
  },
});
