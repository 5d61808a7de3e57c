#!/usr/bin/env node
// The kit imports the contract, whose packages are optional peer dependencies of the client.
try {
  await import('./main.ts');
} catch (error) {
  if ((error as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
  process.stderr.write('arkloop-conformance needs one more package beside it: npm install --save-dev zod\n');
  process.exitCode = 2;
}
