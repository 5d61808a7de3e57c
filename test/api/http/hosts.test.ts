import { describe, expect, test } from 'vitest';
import { productionEnv } from '../../support/access/production.ts';
import { startTestApp, type TestApp } from '../../support/app/testApp.ts';
import { rawSend } from '../../support/http/raw.ts';

const baseUrl = { ARKLOOP_APP_BASE_URL: 'https://app.example.test/ui' };

/** The response to a request with the given Host header, as a browser sends it after DNS rebinding. */
const requestWithHost = async ({ url }: TestApp, host: string, line: string, headers: Record<string, string> = {}) => {
  const fields = Object.entries({ 'content-length': '0', connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const { status, body } = await rawSend(url, `${line} HTTP/1.1\r\nhost: ${host}\r\n${fields.join('')}\r\n`);
  return [status, body?.details?.reason];
};
const hostRejected = [403, 'host_not_allowed'];
const init = 'POST /v1/bootstrap/init';
const config = 'GET /v1/auth/captcha-config';

describe('bootstrapping an installation', () => {
  test('is rejected under a rebound host name, in development and in production', async () => {
    for (const env of [baseUrl, { ...baseUrl, ...productionEnv }]) {
      const app = await startTestApp(env, { worker: false });
      for (const host of ['evil.example', 'evil.example:19001', 'localhost.evil.example', '127.0.0.1.evil.example', '192.168.0.9'])
        for (const line of [init, 'GET /v1/bootstrap/verify/token', 'POST /v1/bootstrap/setup'])
          expect([host, line, await requestWithHost(app, host, line)]).toEqual([host, line, hostRejected]);
      expect(await app.sql('select key from platform_settings')).toEqual([]);
      for (const host of ['localhost', 'LOCALHOST.:19001', 'dev.localhost', '127.0.0.1:1', '127.3.2.1', '[::1]:19001', 'app.example.test'])
        expect([host, await requestWithHost(app, host, init)]).toEqual([host, [201, undefined]]);
    }
  });

  test('the whole Host header is compared, not a part of it', async () => {
    const app = await startTestApp(baseUrl, { worker: false });
    const malformed = [
      'evil.example@localhost',
      'localhost@evil.example',
      'localhost/evil.example',
      'localhost#.evil.example',
      'local host',
    ];
    for (const host of [...malformed, 'localhost:80:80', '[::1', 'localhost\\.evil.example'])
      expect([host, await requestWithHost(app, host, init)]).toEqual([host, [400, undefined]]);
    for (const host of ['', 'app.example.test.evil.example', 'example.test'])
      expect([host, await requestWithHost(app, host, init)]).toEqual([host, hostRejected]);
  });

  test('a cross-origin request cannot invalidate the setup token', async () => {
    const app = await startTestApp({}, { worker: false });
    const { body } = await app.call('POST', '/v1/bootstrap/init');
    const pages = [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }];
    for (const headers of pages)
      expect(await requestWithHost(app, '127.0.0.1', init, headers as never)).toEqual([403, 'origin_not_allowed']);
    expect((await app.call('GET', `/v1/bootstrap/verify/${body.token}`)).body.valid).toBe(true);
  });
});

describe('other endpoints', () => {
  test('in development only configured hosts, IP addresses and names without a dot are accepted', async () => {
    const app = await startTestApp({ ...baseUrl, ARKLOOP_ALLOWED_HOSTS: 'api.example.test, Other.Example.Test' }, { worker: false });
    const { token } = await app.signUp();
    const me = { authorization: `Bearer ${token}` };
    for (const host of ['evil.example', 'evil.example:80', 'app.example.test.evil.example', 'sub.app.example.test'])
      for (const line of [config, 'GET /v1/me', 'POST /v1/auth/refresh', 'POST /v1/auth/check'])
        expect([host, line, await requestWithHost(app, host, line, me)]).toEqual([host, line, hostRejected]);
    const own = ['127.0.0.1', 'localhost:3000', 'app.example.test', 'api.example.test', 'other.example.test:8443'];
    for (const host of [...own, '192.168.0.9:19001', '[fe80::1]', 'api', 'arkloop-api:19001', ''])
      for (const line of [config, 'GET /v1/me'])
        expect([host, line, await requestWithHost(app, host, line, me)]).toEqual([host, line, [200, undefined]]);
  });

  test('in production every host is accepted until hosts are configured', async () => {
    const open = await startTestApp(productionEnv, { worker: false });
    expect(await requestWithHost(open, 'any.example', config)).toEqual([200, undefined]);
    const closed = await startTestApp({ ...productionEnv, ARKLOOP_ALLOWED_HOSTS: 'api.example.test' }, { worker: false });
    expect(await requestWithHost(closed, 'any.example', config)).toEqual(hostRejected);
    expect(await requestWithHost(closed, 'api.example.test', config)).toEqual([200, undefined]);
    expect(await requestWithHost(closed, 'api.example.test', init)).toEqual([201, undefined]);
  });
});
