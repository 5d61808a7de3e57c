import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDataDir } from '../../../support/app/instance.ts';
import { freePort } from '../../../support/app/ports.ts';
import { startProcess } from '../../../support/app/process.ts';
import { callTo } from '../../../support/app/testApp.ts';
import { textOfMessage } from '../../../support/resources/mail.ts';

const page = { redirect: 'manual', headers: { accept: 'text/html' } } as const;

test.each(['127.0.0.1', '0.0.0.0', '[::1]'])(
  'the address that is printed is that of mails, guides and the document (gateway on %s)',
  async (host) => {
    const dataDir = temporaryDataDir();
    const server = await startProcess('all', { ARKLOOP_DATA_DIR: dataDir, ARKLOOP_GATEWAY_ADDR: `${host}:${await freePort()}` });
    const open = /Docs: +(\S+)\/docs/.exec(server.output())![1]!;
    expect(new URL(open).hostname).toBe(host === '[::1]' ? host : 'localhost');
    expect(server.output()).toContain(`POST ${open}/v1/bootstrap/setup`);

    const person = { login: 'ada', email: 'ada@example.test', password: 'correct horse 1' };
    const call = callTo(open);
    expect((await call('POST', '/v1/auth/register', { body: person })).status).toBe(201);
    await expect.poll(() => mailsIn(dataDir).join()).toContain(`${open}/verify?token=`);

    const textAt = async (path: string) => (await fetch(open + path)).text();
    expect(JSON.parse(await textAt('/openapi.json')).servers[0].url).toBe(open);
    expect(await textAt('/docs/guides/quickstart.md')).toContain(`API=${open} `);
    expect(await textAt('/docs')).not.toContain('localhost:19000');
  },
);

const mailsIn = (dataDir: string) => {
  const folder = join(dataDir, 'mail');
  const names = readdirSync(dataDir).includes('mail') ? readdirSync(folder) : [];
  return names.map((name) => textOfMessage(readFileSync(join(folder, name), 'utf8')));
};

test('pages under another name of loopback lead to the public address', async () => {
  const server = await startProcess('all', { ARKLOOP_DATA_DIR: temporaryDataDir(), ARKLOOP_GATEWAY_ADDR: `127.0.0.1:${await freePort()}` });
  const gateway = new URL(/Gateway: +(\S+)/.exec(server.output())![1]!);
  const open = `http://localhost:${gateway.port}`;
  for (const path of ['/', '/chat/1?message=2', '/verify?token=x', '/docs']) {
    const other = await fetch(`http://127.0.0.1:${gateway.port}${path}`, page);
    expect([other.status, other.headers.get('location'), other.headers.get('cache-control')]).toEqual([307, open + path, 'no-store']);
    expect((await fetch(open + path, page)).status).toBe(200);
  }
  // What programs ask for stays where it is, and so does the address of the API itself.
  for (const path of ['/v1/auth/registration-mode', '/openapi.json', '/readyz'])
    expect((await fetch(`http://127.0.0.1:${gateway.port}${path}`, { redirect: 'manual' })).status).not.toBe(307);
  expect((await fetch(`${server.url}/`, page)).status).toBe(200);
});
