import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Their counterparts are fetched from the network: `npm run test:counterparts`.
    exclude: ['**/node_modules/**', 'test/counterparts/**'],
    globalSetup: ['test/setup/postgres.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores: more files at once only wait for each other.
    maxWorkers: 2,
    pool: 'forks',
    reporters: ['default', './test/setup/skippedTests.ts'],
  },
});
