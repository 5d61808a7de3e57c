import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { startMockServer } from '../../client/mocks/standalone/server.ts';
import { run } from '../support/checks/thirdParty.ts';

const mock = await startMockServer(0);
afterAll(mock.close);
const admin = mock.mocks.state.signUp({ isAdmin: true });

const main = fileURLToPath(new URL('../../client/conformance/main.ts', import.meta.url));
const cases: [who: string, credentials: string[], successes: number][] = [
  ['an administrator', ['--login', admin.login, '--password', admin.password], 170],
  // Workspace membership needs a verified email address, which without mail only an administrator can set.
  ['a newly registered user', [], 119],
];

test.each(cases)('the conformance check of the mock passes for %s', { timeout: 60_000 }, async (_who, credentials, successes) => {
  const args = [main, '--url', mock.address, '--headers', ...credentials];
  const { code, stdout, stderr } = await run(process.execPath, args, { cwd: import.meta.dirname });
  const lines = stdout.split('\n');
  expect([lines.filter((line) => /^(✗|FAIL)/.test(line)), stderr, code]).toEqual([[], '', 0]);
  expect(lines.filter((line) => line.startsWith('ok ')).length).toBeGreaterThanOrEqual(successes);
});
