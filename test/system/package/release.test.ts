import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { machinePath, missingPrograms } from '../../support/app/programs.ts';
import { root } from '../../support/checks/packed.ts';

const folder = mkdtempSync(join(tmpdir(), 'arkloop-release-'));
const { publicKey, privateKey } = generateKeyPairSync('ed25519', {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
writeFileSync(join(folder, 'private.pem'), privateKey, { mode: 0o600 });
writeFileSync(join(folder, 'public.pem'), publicKey);

/** A registry that knows one advisory about one package, if there is a name. */
let vulnerable: string | undefined;
const registry = createServer((request, response) => {
  const advisory = { id: 1, url: 'https://advisories.example/GHSA-1', title: 'Bad', severity: 'high', vulnerable_versions: '*' };
  const isAudit = request.method === 'POST' && request.url === '/-/npm/v1/security/advisories/bulk';
  request.resume();
  response.writeHead(isAudit || request.method === 'GET' ? 200 : 405, { 'content-type': 'application/json' });
  const name = decodeURIComponent(request.url!.slice(1));
  response.end(JSON.stringify(isAudit ? (vulnerable ? { [vulnerable]: [advisory] } : {}) : { name, versions: {} }));
});
await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
afterAll(() => {
  registry.close();
  rmSync(folder, { recursive: true, force: true });
});

const run = promisify(execFile);
/** Runs a program of this machine. */
const runProgram = (program: string, ...args: string[]) => run(program, args, { cwd: out, env: { PATH: machinePath() } });
async function release(args: string[], env: Record<string, string> = {}) {
  const address = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`;
  const { code, stdout, stderr } = await run(process.execPath, ['docs/release/main.ts', ...args], {
    cwd: root,
    env: { ...process.env, PATH: machinePath(), npm_config_registry: address, npm_config_fetch_retries: '0', ...env },
    maxBuffer: 1 << 26,
  }).then(
    (output) => ({ code: 0, ...output }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
  return { code, stdout, stderr };
}

const out = join(folder, 'out');

test('one command makes, checks and signs the artifacts, and another verifies them', async ({ skip }) => {
  const missing = missingPrograms('git', 'tar', 'sha256sum', 'openssl');
  skip(missing !== undefined, missing);
  vulnerable = undefined;
  const made = await release(['--dry-run', '--out', out], { RELEASE_KEY_FILE: join(folder, 'private.pem') });
  expect([made.code, made.stderr.split('\n').filter((line) => line && !line.startsWith('open: '))]).toEqual([0, []]);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const bill = `arkloop-api-${version}.cdx.json`;
  const files = ['LICENSES.md', 'SHA256SUMS', 'SHA256SUMS.sig', bill, `arkloop-client-${version}.tgz`];
  expect(readdirSync(out).toSorted()).toEqual(files);
  const { components, metadata } = JSON.parse(readFileSync(join(out, bill), 'utf8'));
  expect(metadata.component).toMatchObject({ name: 'arkloop-api', version, type: 'application' });
  const find = (name: string) => components.find((each: { name: string }) => each.name === name);
  expect(find('express')).toMatchObject({ purl: expect.stringMatching(/^pkg:npm\/express@5\./), hashes: [{ alg: 'SHA-512' }] });
  const { stdout } = await runProgram('tar', '-xzOf', `arkloop-client-${version}.tgz`, 'package/package.json');
  expect(JSON.parse(stdout)).toMatchObject({ name: '@arkloop/client', version, publishConfig: { access: 'public', provenance: true } });

  const verify = () => release(['--verify', out, '--public-key', join(folder, 'public.pem')]);
  expect(await verify()).toMatchObject({ code: 0, stdout: expect.stringContaining('all files are signed by this key') });
  // The same with programs that every system has.
  await runProgram('sha256sum', '--check', '--strict', 'SHA256SUMS');
  const signature = ['-inkey', join(folder, 'public.pem'), '-rawin', '-in', 'SHA256SUMS', '-sigfile', 'SHA256SUMS.sig'];
  await runProgram('openssl', 'pkeyutl', '-verify', '-pubin', ...signature);
  writeFileSync(join(out, 'LICENSES.md'), '');
  expect(await verify()).toMatchObject({ code: 1, stderr: 'LICENSES.md is missing or changed\n' });
});

test('an advisory without a reason, an unreachable registry and a missing key stop a release', async ({ skip }) => {
  const missing = missingPrograms('git');
  skip(missing !== undefined, missing);
  vulnerable = 'express';
  expect(await release(['--dry-run'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('advisories: express: high advisory GHSA-1 (Bad)'),
  });
  const unreachable = await release(['--dry-run'], { npm_config_registry: 'http://127.0.0.1:9/' });
  expect(unreachable).toMatchObject({ code: 1, stderr: expect.stringContaining('npm audit failed') });
  const without = { RELEASE_KEY_FILE: '' };
  expect(await release([], without)).toMatchObject({
    code: 1,
    stderr: 'RELEASE_KEY_FILE: expected the file of an Ed25519 key as PEM\n',
  });
  expect(await release(['--without-audit'])).toMatchObject({ code: 1, stderr: '--without-audit is for --dry-run only\n' });
  expect(await release(['--bad'])).toMatchObject({ code: 1 });
});
