import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Tests with third-party programs, which are downloaded from their registries: `npm run test:counterparts`. */
export default defineConfig({
  test: {
    globalSetup: ['test/support/app/postgres.ts'],
    setupFiles: ['test/support/app/fileCleanup.setup.ts'],
    root: fileURLToPath(new URL('../../../', import.meta.url)),
    include: ['test/system/counterparts/**/*.test.ts'],
    // The tests share the folder of downloads and the machine.
    fileParallelism: false,
    // The first run downloads the programs.
    testTimeout: 600_000,
    hookTimeout: 900_000,
  },
});
