import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { rawSend } from '../setup/raw.ts';
import { startWorld, type World } from '../setup/world.ts';

const production = {
  ARKLOOP_ENV: 'production',
  ARKLOOP_DATABASE_URL: 'postgres://unused/unused',
  ARKLOOP_AUTH_JWT_SECRET: randomBytes(32).toString('base64url'),
  ARKLOOP_ENCRYPTION_KEY: randomBytes(32).toString('hex'),
  ARKLOOP_OUTBOUND_ALLOW_LOOPBACK_HTTP: '0',
};
const baseUrl = { ARKLOOP_APP_BASE_URL: 'https://app.example.test/ui' };

/** The answer to a request that names `host`, as a browser does whose name for this server was rebound to it. */
const asked = async ({ url }: World, host: string, line: string, headers: Record<string, string> = {}) => {
  const fields = Object.entries({ 'content-length': '0', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const { status, body } = await rawSend(url, `${line} HTTP/1.1\r\nhost: ${host}\r\n${fields.join('')}\r\n`);
  return [status, body?.details?.reason];
};
const refused = [403, 'host_not_allowed'];
const init = 'POST /v1/bootstrap/init';
const config = 'GET /v1/auth/captcha-config';

describe('setting an installation up', () => {
  test('is refused under a name that was rebound to this server, in development and in production', async () => {
    for (const env of [baseUrl, { ...baseUrl, ...production }]) {
      const world = await startWorld(env, { worker: false });
      for (const host of ['evil.example', 'evil.example:19001', 'localhost.evil.example', '127.0.0.1.evil.example', '192.168.0.9'])
        for (const line of [init, 'GET /v1/bootstrap/verify/token', 'POST /v1/bootstrap/setup'])
          expect([host, line, await asked(world, host, line)]).toEqual([host, line, refused]);
      expect(await world.sql('select key from platform_settings')).toEqual([]);
      for (const host of ['localhost', 'LOCALHOST.:19001', 'dev.localhost', '127.0.0.1:1', '127.3.2.1', '[::1]:19001', 'app.example.test'])
        expect([host, await asked(world, host, init)]).toEqual([host, [201, undefined]]);
    }
  });

  test('a name is what the header says, not a part of it', async () => {
    const world = await startWorld(baseUrl, { worker: false });
    const odd = ['evil.example@localhost', 'localhost@evil.example', 'localhost/evil.example', 'localhost#.evil.example', 'local host'];
    for (const host of [...odd, 'localhost:80:80', '[::1', '', 'localhost\\.evil.example', 'app.example.test.evil.example', 'example.test'])
      expect([host, await asked(world, host, init)]).toEqual([host, refused]);
  });

  test('a page of another site cannot void the setup token', async () => {
    const world = await startWorld({}, { worker: false });
    const { body } = await world.call('POST', '/v1/bootstrap/init');
    const pages = [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }];
    for (const headers of pages) expect(await asked(world, '127.0.0.1', init, headers as never)).toEqual([403, 'origin_not_allowed']);
    expect((await world.call('GET', `/v1/bootstrap/verify/${body.token}`)).body.valid).toBe(true);
  });
});

describe('the rest of the API', () => {
  test('a server in development answers to its own names, to addresses and to names without a dot only', async () => {
    const world = await startWorld({ ...baseUrl, ARKLOOP_ALLOWED_HOSTS: 'api.example.test, Other.Example.Test' }, { worker: false });
    const { token } = await world.signUp();
    const me = { authorization: `Bearer ${token}` };
    for (const host of ['evil.example', 'evil.example:80', 'app.example.test.evil.example', 'sub.app.example.test'])
      for (const line of [config, 'GET /v1/me', 'POST /v1/auth/refresh', 'POST /v1/auth/check'])
        expect([host, line, await asked(world, host, line, me)]).toEqual([host, line, refused]);
    const own = ['127.0.0.1', 'localhost:3000', 'app.example.test', 'api.example.test', 'other.example.test:8443'];
    for (const host of [...own, '192.168.0.9:19001', '[fe80::1]', 'api', 'arkloop-api:19001', ''])
      for (const line of [config, 'GET /v1/me'])
        expect([host, line, await asked(world, host, line, me)]).toEqual([host, line, [200, undefined]]);
  });

  test('a server in production answers to every name until its names are configured', async () => {
    const open = await startWorld(production, { worker: false });
    expect(await asked(open, 'any.example', config)).toEqual([200, undefined]);
    const closed = await startWorld({ ...production, ARKLOOP_ALLOWED_HOSTS: 'api.example.test' }, { worker: false });
    expect(await asked(closed, 'any.example', config)).toEqual(refused);
    expect(await asked(closed, 'api.example.test', config)).toEqual([200, undefined]);
    expect(await asked(closed, 'api.example.test', init)).toEqual([201, undefined]);
  });
});
