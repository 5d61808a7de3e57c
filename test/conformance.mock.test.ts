import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { startMockServer } from '../client/mocks/standalone/server.ts';
import { run } from './setup/thirdParty.ts';

const mock = await startMockServer(0);
afterAll(mock.close);
const admin = mock.mocks.state.signUp({ isAdmin: true });

const main = fileURLToPath(new URL('../client/conformance/main.ts', import.meta.url));
const cases: [who: string, credentials: string[], successes: number][] = [
  ['an administrator', ['--login', admin.login, '--password', admin.password], 170],
  // Membership of a workspace needs a verified address, which only an administrator can give without mail.
  ['somebody who has just registered', [], 119],
];

test.each(cases)('%s finds nothing wrong with the mock', { timeout: 60_000 }, async (_who, credentials, successes) => {
  const args = [main, '--url', mock.address, '--headers', ...credentials];
  const { code, stdout, stderr } = await run(process.execPath, args, { cwd: import.meta.dirname });
  const lines = stdout.split('\n');
  expect([lines.filter((line) => /^(✗|FAIL)/.test(line)), stderr, code]).toEqual([[], '', 0]);
  expect(lines.filter((line) => line.startsWith('ok ')).length).toBeGreaterThanOrEqual(successes);
});
