import { afterEach, beforeEach } from 'vitest';
import { clearServerErrors, serverErrors } from './serverErrors.ts';

declare module 'vitest' {
  interface TaskMeta {
    serverErrors?: string[];
  }
}

beforeEach(clearServerErrors);
afterEach(({ task }) => {
  if (task.result?.state === 'fail') task.meta.serverErrors = serverErrors();
});
