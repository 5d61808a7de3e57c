#!/usr/bin/env node
// The kit reads the contract, whose packages who only calls the API does without.
try {
  await import('./main.ts');
} catch (error) {
  if ((error as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
  process.stderr.write('arkloop-conformance needs two more packages beside it: npm install --save-dev zod @ts-rest/core\n');
  process.exitCode = 2;
}
