import { afterAll } from 'vitest';
import { finishFile } from './fileCleanup.ts';

// Vitest loads this before each test file. `afterAll` hooks run in reverse order of registration, so this one runs last.
afterAll(finishFile);
