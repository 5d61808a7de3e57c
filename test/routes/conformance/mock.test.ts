import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { skippedOperations } from '../../../client/conformance/samples/requests.ts';
import { startMockServer } from '../../../client/mocks/standalone/server.ts';
import { callTo } from '../../support/app/testApp.ts';
import { run } from '../../support/checks/thirdParty.ts';
import { everythingListed } from '../../support/http/everythingListed.ts';
import { startFlawedProxy } from '../../support/http/flawedProxy.ts';
import { runKitHere } from './kit.ts';

const mock = await startMockServer(0, { stepMs: 1 });
afterAll(mock.close);
const admin = mock.mocks.state.signUp({ isAdmin: true });
const folder = mkdtempSync(join(tmpdir(), 'arkloop-conformance-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bin = fileURLToPath(new URL('../../../client/conformance/bin.ts', import.meta.url));
const call = callTo(mock.address);
const asAdmin = ['--login', admin.login, '--password', admin.password];
/** Runs the kit as a program, as users do. */
const check = (url: string, args: readonly string[]) => run(process.execPath, [bin, '--url', url, ...args], { cwd: folder });

/** What exists once per platform, so that a second check could meet what the first one left. */
const ofPlatform = ['--only', 'plans,subscriptions,featureFlags,redemptionCodes,inviteCodes,platformSettings,users'];
/** What depends on the caller's permissions and memberships, and runs. */
const ofCaller = ['--only', 'accounts,invitations,teams,me,runs,toolProviders,dashboard,usage,plans'];

/** How a report ends the line of an operation that only an administrator can succeed with. */
const adminsOnly = '(no success: needs an administrator of the platform)';

const cases: [who: string, args: string[], operations: number, isAdmin: boolean][] = [
  ['an administrator', asAdmin, 301, true],
  ['an administrator again', [...asAdmin, ...ofPlatform], 33, true],
  // Workspace membership needs a verified email address, which without mail only an administrator can set.
  ['a newly registered user', ofCaller, 63, false],
];

test.each(cases)('the conformance check of the mock passes for %s and leaves nothing behind', async (_who, args, checked, isAdmin) => {
  const before = await everythingListed(call, admin.accessToken);
  const { code, stdout, stderr } = await check(mock.address, ['--headers', ...args]);
  const lines = stdout.split('\n');
  expect([lines.filter((line) => /^(✗|FAIL)/.test(line)), stderr, code]).toEqual([[], '', 0]);
  const withoutSuccess = lines.filter((line) => line.startsWith('part ') && !Object.hasOwn(skippedOperations, line.split(/ +/)[1]!));
  expect(withoutSuccess.filter((line) => isAdmin || !line.endsWith(adminsOnly))).toEqual([]);
  const summary = /^(\d+) operations, \d+ of them without a success, \d+ of \d+ documented answers seen, no findings, \d+\.\d s$/;
  expect(summary.exec(lines.at(-2)!)?.[1]).toBe(String(checked));
  if (args.includes('--login')) expect(await everythingListed(call, admin.accessToken)).toEqual(before);
  else expect(stdout).toMatch(/\n {2}\d users named conformance-… or sample-…, which only a platform administrator can delete\n/);
});

test('what was created is deleted after Ctrl-C', async () => {
  const before = await everythingListed(call, admin.accessToken);
  const kit = spawn(process.execPath, [bin, '--url', mock.address, ...asAdmin, '--only', 'threads,runs,projects'], { cwd: folder });
  let said = '';
  kit.stdout.on('data', (chunk) => {
    if (!said.includes('runs.get') && `${said}${chunk}`.includes('runs.get')) kit.kill('SIGINT');
    said += chunk;
  });
  const [code] = await once(kit, 'close');
  expect(code).toBe(130);
  expect(said).toMatch(/Interrupted: deleting what was created[^]*Deleted the \d+ things[^]*\nInterrupted: \d+ operations/);
  expect(said).not.toContain('threads.unstar');
  expect(await everythingListed(call, admin.accessToken)).toEqual(before);
});

test('repeated findings are folded, and reported as JUnit, annotations and JSON', async () => {
  const proxy = await startFlawedProxy(mock.address, { reply: ({ headers }) => headers.delete('x-trace-id') });
  onTestFinished(proxy.close);
  const files = ['--junit', join(folder, 'junit.xml'), '--report', join(folder, 'report.json')];
  const only = ['--only', 'teams.*', '--only', 'projects.list,projects.get', '--only', 'runs.input'];
  const { code, stdout } = await runKitHere(['--url', proxy.url, ...files, ...only, '--quiet'], { GITHUB_ACTIONS: 'true' });
  expect(code).toBe(1);
  expect(stdout.match(/^✗ .*/gm)).toEqual([
    '✗ projects.list, projects.get, runs.input and 6 more: X-Trace-Id is not 32 lower-case hex digits [response.trace-id]',
    expect.stringContaining('[error.trace-id]'),
  ]);
  expect(stdout.match(/^::error .*/gm)).toHaveLength(2);
  expect(stdout).toMatch(
    /^::error title=projects\.list%2C projects\.get%2C .*%3A response\.trace-id::X-Trace-Id is not .*%0AGET \/v1\/projects/m,
  );
  const xml = readFileSync(join(folder, 'junit.xml'), 'utf8');
  expect(xml).toMatch(/<testsuite name="teams" tests="6" failures="6" skipped="0" errors="0" time="[\d.]+">/);
  expect(xml).toMatch(
    /<testcase classname="GET \/v1\/projects" name="projects.list" time="[\d.]+">\n\s+<failure type="response.trace-id" message="X-Trace-Id/,
  );
  const { operations } = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'));
  expect(operations.map(({ id }: { id: string }) => id)).toEqual(expect.arrayContaining(['projects.get', 'teams.addMember']));
  expect(operations[0].violations[0]).toMatchObject({
    operation: 'projects.list',
    rule: 'response.trace-id',
    request: expect.stringMatching(/^GET /),
  });
});
