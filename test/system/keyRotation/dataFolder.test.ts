import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startProcess } from '../../support/app/process.ts';
import { callTo } from '../../support/app/testApp.ts';
import { startRotation } from './rotation.ts';

test('the keys of a data folder are replaced beside the server that uses it', { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'arkloop-rotation-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const env = { ARKLOOP_DATA_DIR: folder };
  const file = (name: string) => join(folder, name);

  const first = await startProcess('all', env);
  const person = { login: 'chief', email: 'chief@example.test', password: 'Passw0rd-1' };
  const { body } = await callTo(first.url)('POST', '/v1/auth/register', { body: person });
  const provider = { name: 'Upstream', provider: 'openai', api_key: 'sk-of-the-folder' };
  expect((await callTo(first.url)('POST', '/v1/llm-providers', { token: body.access_token, body: provider })).status).toBe(201);
  first.kill('SIGTERM');
  await first.exited;

  const refused = await startRotation(env).ended;
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^arkloop: rotate needs .*encryption-keys.*\n$/)]);
  writeFileSync(file('encryption-keys'), `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  writeFileSync(file('jwt-secrets'), randomBytes(48).toString('base64url'), { mode: 0o600 });
  const second = await startProcess('all', env);
  expect((await callTo(second.url)('GET', '/v1/me', { token: body.access_token })).status).toBe(200);
  const beside = await startRotation(env).ended;
  expect(beside).toMatchObject({ code: 0, stderr: '' });
  expect(beside.stdout).toMatch(/\n {0}arkloop: {3}llm_providers\.api_key_sealed: 1\n/);
  const replaced = await startRotation(env, 'rotate-erasure-key').ended;
  expect(replaced).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(/^arkloop: proofs of erasure are signed with key \S+ from now on/),
  });
  expect((await callTo(second.url)('GET', '/v1/erasure-keys')).body.keys).toHaveLength(1);
  expect((await callTo(second.url)('GET', '/readyz')).status).toBe(200);
  second.kill('SIGTERM');
  await second.exited;

  for (const name of ['encryption-key', 'jwt-secret']) rmSync(file(name));
  const alone = await startRotation(env).ended;
  expect([alone.code, alone.stdout]).toEqual([0, expect.stringContaining('left under old keys: 0\n')]);
  expect([existsSync(file('encryption-key')), readFileSync(file('encryption-keys'), 'utf8').length]).toEqual([false, 65]);
});
