import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { launchBrowser } from '../browser/launch.ts';
import { openPage } from '../browser/playground.ts';
import { commandsOf, faults, runDocument } from '../guides/session.ts';
import { documents, fileOf, snippetsOf, textOf, whyNotRun } from '../guides/snippets.ts';
import { startVendor } from '../guides/vendor.ts';
import { freePort } from '../support/app/ports.ts';
import { startTestApp, type TestApp } from '../support/app/testApp.ts';
import { packClient } from '../support/checks/packed.ts';
import { runOrThrow } from '../support/checks/thirdParty.ts';
import { runtimes } from './runtimes/list.ts';

// Follows the guides by the letter, in an empty folder, with the published client and packages from npm: `npm run test:guides`.
const wanted = process.env.TEST_GUIDES !== undefined;
const versions = { 'create vite@latest': 'create vite@9.3.0', 'create-next-app@latest': 'create-next-app@16.4.3' };

const folder = mkdtempSync(join(tmpdir(), 'arkloop-guides-'));
const tarball = join(folder, 'arkloop-client.tgz');
let app: TestApp;
let browser: Browser;
if (wanted) {
  app = await startTestApp({ ARKLOOP_STUB_AGENT_DELTA_INTERVAL_SECONDS: '0.5' });
  writeFileSync(tarball, (await packClient()).tarball);
  browser = await launchBrowser();
}
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The first commands of a guide that contain some text, with pinned versions and the packed client. */
async function install(guide: string, project: string, within = folder, words = ''): Promise<string> {
  const commands = snippetsOf(guide).find(
    (snippet) => snippet.lang === 'sh' && whyNotRun(snippet)?.includes('test:guides') && snippet.text.includes(words),
  )!;
  const script = Object.entries({ ...versions, '@arkloop/client': tarball }).reduce(
    (text, [from, to]) => text.replaceAll(from, to),
    commands.text,
  );
  await runOrThrow('bash', ['-ec', script], {
    cwd: within,
    ms: 400_000,
    env: { npm_config_yes: 'true', npm_config_audit: 'false', CI: '1' },
  });
  return join(folder, project);
}

/** Saves the files of a guide; `within` is a folder of the guide that is the project, or `to` in it. */
function save(guide: string, project: string, within = '', to = ''): void {
  for (const snippet of snippetsOf(guide)) {
    const file = fileOf(snippet);
    if (!file?.startsWith(within)) continue;
    const path = join(project, to, file.slice(within.length));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, snippet.text.replaceAll('http://localhost:19000', app.url));
  }
}

/** Starts a server, which `stop` or the end of the test ends. */
async function serve(
  project: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ origin: string; stop(): void }> {
  const port = await freePort();
  const child: ChildProcess = spawn('npx', [...args, String(port)], {
    cwd: project,
    env: { ...process.env, ...env },
    detached: true,
    stdio: 'ignore',
  });
  const stop = () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!);
  };
  onTestFinished(stop);
  const origin = `http://localhost:${port}`;
  const isUp = () =>
    fetch(origin).then(
      () => true,
      () => false,
    );
  await expect.poll(isUp).toBe(true);
  return { origin, stop };
}

async function register(page: Page): Promise<void> {
  const login = `reader-${Date.now()}`;
  const fill = (label: string, text: string) => page.getByRole('textbox', { name: label }).fill(text);
  await fill('Login', login);
  await page.getByLabel('Password').fill('short');
  await fill('Email', `${login}@example.com`);
  await page.getByRole('button', { name: 'Register' }).click();
  await page.getByRole('alert').filter({ hasText: 'password: must have 8 characters' }).waitFor();
  await fill('Login', login);
  await page.getByLabel('Password').fill('correct horse 1');
  await fill('Email', `${login}@example.com`);
  await page.getByRole('button', { name: 'Register' }).click();
}

/** Sends a message, and reloads while it is answered. */
async function talk(page: Page): Promise<void> {
  await page.getByRole('textbox', { name: 'Message' }).fill('Hello');
  await page.getByRole('button', { name: 'Send' }).click();
  const answers = page.getByRole('article', { name: 'Assistant' });
  await answers.getByText('stub delta 1').waitFor();
  expect(await answers.getByText('stub delta 3').count()).toBe(0);
  await page.reload();
  await answers.getByText('stub delta 1stub delta 2stub delta 3').waitFor();
  expect(await page.getByRole('article').count()).toBe(2);
}

const without = 'it downloads packages: `npm run test:guides`';

describe('front ends', { timeout: 600_000 }, () => {
  test('React: from `npm create vite` to a chat behind the proxy of Vite, then useChat and assistant-ui', async ({ skip }) => {
    if (!wanted) return skip(without);
    const guide = 'docs/guides/react.md';
    const project = await install(guide, 'my-chat');
    save(guide, project);
    await runOrThrow('npm', ['run', 'build'], { cwd: project, ms: 120_000 });
    const { page, wrong } = await openPage(browser, {}, { records: false });
    let server = await serve(project, ['vite', '--port']);
    await page.goto(server.origin);
    await register(page);
    await talk(page);
    expect(wrong.filter((each) => !/^(400|401) /.test(each))).toEqual([]);

    const variants = { 'ai-sdk': '@ai-sdk/react', 'assistant-ui': '@assistant-ui/react' };
    for (const [app, dependency] of Object.entries(variants)) {
      await install('docs/guides/chat-front-ends.md', '', project, dependency);
      save(guide, project);
      save('docs/guides/chat-front-ends.md', project, `${app}/`, 'src');
      await runOrThrow('npm', ['run', 'build'], { cwd: project, ms: 120_000 });
      // Two servers of one project would write the same cache of packages.
      server.stop();
      server = await serve(project, ['vite', '--port']);
      const { page: other } = await openPage(browser, {}, { records: false });
      await other.goto(server.origin);
      await register(other);
      await talk(other);
    }
  });

  test('Next.js: server components, cookies and a route handler', async ({ skip }) => {
    if (!wanted) return skip(without);
    const guide = 'docs/guides/nextjs.md';
    const project = await install(guide, 'my-next-chat');
    save(guide, project, 'nextjs/');
    await runOrThrow('npm', ['run', 'build'], { cwd: project, ms: 240_000 });
    const { origin } = await serve(project, ['next', 'start', '--port'], { ARKLOOP_URL: app.url });
    const { page, context } = await openPage(browser, {}, { records: false });
    await page.goto(origin);
    await page.waitForURL('**/sign-in');
    await register(page);
    await page.getByRole('button', { name: 'New conversation' }).click();
    await talk(page);
    // An expired access token is renewed before the page renders.
    await context.clearCookies({ name: 'chat_access' });
    await page.reload();
    await page.getByRole('article', { name: 'Assistant' }).getByText('stub delta 1stub delta 2stub delta 3').waitFor();
    await page.goto(origin);
    await page.getByRole('link').first().waitFor();
    const stored = await context.cookies();
    expect(stored.map(({ name, httpOnly }) => [name, httpOnly]).sort()).toEqual([
      ['chat_access', true],
      ['chat_refresh', true],
    ]);
  });
});

test('CI: the commands of the workflow', { timeout: 400_000 }, async ({ skip }) => {
  if (!wanted) return skip(without);
  const guide = 'docs/guides/testing-with-mocks.md';
  const project = mkdtempSync(join(folder, 'ci-'));
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  await install(guide, '.', project);
  save(guide, project);
  const { jobs } = parse(readFileSync(join(project, '.github/workflows/test.yml'), 'utf8')) as Workflow;
  const commands = jobs.test.steps.flatMap((step) => ('run' in step ? [step.run] : []));
  expect(commands).toHaveLength(4);
  const port = String(await freePort());
  const endToEnd = join(project, 'e2e.mjs');
  writeFileSync(endToEnd, readFileSync(endToEnd, 'utf8').replaceAll('19080', port));
  // Background processes of a step end with it, as in CI they end with the job.
  const printed: string[] = [];
  for (const command of commands)
    printed.push(
      await runOrThrow(
        'bash',
        ['-ec', `set -m; trap 'for job in $(jobs -p); do kill -- -$job; done' EXIT\n${command.replaceAll('19080', port)}`],
        {
          cwd: project,
          ms: 200_000,
          env: { ARKLOOP_URL: app.url, CI: '1', NODE_OPTIONS: '' },
        },
      ),
    );
  expect(printed[1]).toMatch(/pass \d+/);
  expect(printed[2]).toContain('The end-to-end test has passed.');
  expect(printed[3]).toMatch(/\S/);
});

type Workflow = { jobs: { test: { steps: ({ run: string } | { uses: string })[] } } };
type OldNode = { version: string; spec: string; program: string };

/** Documents whose programs run on every supported Node.js. The others have tests in TypeScript, and say so. */
const portable = documents.filter(
  (document) =>
    commandsOf(document).some(({ command }) => /\bnode \S+\.mjs/.test(command.text)) && !/\bnode \S+\.ts/.test(textOf(document)),
);

test('Node.js 20 runs the programs of the guides, with the published client', { timeout: 400_000 }, async ({ skip }) => {
  if (!wanted) return skip(without);
  const { spec, program } = runtimes.find(({ name }) => name === 'Node.js')!.packages![0] as OldNode;
  const project = mkdtempSync(join(folder, 'node-20-'));
  writeFileSync(join(project, 'package.json'), '{ "private": true }');
  await runOrThrow('npm', ['install', spec, tarball, '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: project, ms: 240_000 });
  const modules = join(project, 'node_modules');
  const node = join(modules, program);
  expect(await runOrThrow(node, ['--version'], { cwd: project })).toMatch(/^v20\./);
  const vendor = await startVendor();
  expect(portable.length).toBeGreaterThanOrEqual(8);
  for (const document of portable) {
    const steps = await runDocument(document, { url: app.url, vendorUrl: vendor.url, receiverPort: await freePort() }, { node, modules });
    expect(steps.flatMap(faults)).toEqual([]);
  }
});
