import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Programs of others that are fetched from the registries: `npm run test:counterparts`. */
export default defineConfig({
  test: {
    globalSetup: ['test/setup/postgres.ts'],
    root: fileURLToPath(new URL('../../', import.meta.url)),
    include: ['test/counterparts/**/*.test.ts'],
    // They share the folder of what is fetched, and a machine.
    fileParallelism: false,
    // The first run fetches what is tried.
    testTimeout: 600_000,
    hookTimeout: 900_000,
  },
});
