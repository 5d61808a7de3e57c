#!/usr/bin/env node
// The packages of the mocks are optional peer dependencies of the client.
try {
  await import('./main.ts');
} catch (error) {
  if ((error as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
  const packages = 'msw zod zod-schema-faker @faker-js/faker';
  process.stderr.write(`arkloop-mock needs more packages beside it: npm install --save-dev ${packages}\n`);
  process.exitCode = 2;
}
