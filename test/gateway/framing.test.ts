import { request } from 'node:http';
import { expect, test } from 'vitest';
import { sendRaw, startGatewayTo, startUpstream } from '../support/gateway/upstream.ts';

test('a body over 32 MiB returns 413, with or without Content-Length, and never fully reaches the API', async () => {
  let whole = 0;
  const { url } = await startUpstream((req, res) => {
    req.resume().on('end', () => {
      whole += 1;
      res.end();
    });
  });
  const { address } = await startGatewayTo(url);
  const upload = (headers: Record<string, string>, chunks: number) =>
    new Promise<number | undefined>((resolve, reject) => {
      const outgoing = request(`${address}/v1/x`, { method: 'POST', headers }, (response) => resolve(response.resume().statusCode));
      outgoing.on('error', reject);
      const chunk = Buffer.alloc(1024 * 1024);
      const more = () => {
        if (outgoing.destroyed) return;
        if (chunks-- <= 0) return outgoing.end();
        if (outgoing.write(chunk)) setImmediate(more);
        else outgoing.once('drain', more);
      };
      more();
    });
  expect(await upload({ 'content-length': `${32 * 1024 * 1024 + 1}` }, 1)).toBe(413);
  expect(await upload({ 'transfer-encoding': 'chunked' }, 33)).toBe(413);
  expect(whole).toBe(0);
  expect(await upload({ 'transfer-encoding': 'chunked' }, 32)).toBe(200);
});

test.each([
  ['two lengths', 'POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', 400],
  ['length and chunks', 'POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['no HTTP', 'nonsense\r\n\r\n', 400],
  ['an unknown coding', 'POST /v1/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n', 400],
  ['chunked beside another coding', 'POST /v1/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n', 400],
  ['chunks and length', 'POST /v1/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n', 400],
  ['a bare line feed in a header', 'GET /v1/x HTTP/1.1\r\nhost: x\r\nx-a: 1\nx-b: 2\r\n\r\n', 400],
  ['a bare carriage return in a header', 'GET /v1/x HTTP/1.1\r\nhost: x\r\nx-a: 1\rx-b: 2\r\n\r\n', 400],
  ['a folded header', 'GET /v1/x HTTP/1.1\r\nhost: x\r\nx-a: 1\r\n 2\r\n\r\n', 400],
  ['a space before the colon', 'GET /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length : 5\r\n\r\nabcde', 400],
  ['NUL in a header', 'GET /v1/x HTTP/1.1\r\nhost: x\r\nx-a: a\0b\r\n\r\n', 400],
  ['two hosts', 'GET /v1/x HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n', 400],
  ['no host', 'GET /v1/x HTTP/1.1\r\n\r\n', 400],
  ['the absolute form', 'GET http://evil/v1/x HTTP/1.1\r\nhost: x\r\n\r\n', 400],
  ['an unknown expectation', 'GET /v1/x HTTP/1.1\r\nhost: x\r\nexpect: x\r\n\r\n', 400],
  ['CONNECT', 'CONNECT evil:443 HTTP/1.1\r\nhost: evil:443\r\n\r\n', 405],
  ['TRACE', 'TRACE /v1/x HTTP/1.1\r\nhost: x\r\n\r\n', 405],
  ['HTTP/0.9', 'GET /v1/x\r\n\r\n', 400],
  ['1,001 headers', `GET /v1/x HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(1_001)}\r\n`, 431],
  ['a path of 17 KiB', `GET /v1/${'a'.repeat(17_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, 431],
  ['17 KiB of headers', `GET /v1/x HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(17_000)}\r\n\r\n`, 431],
])('%s is rejected and not forwarded', async (_, message, status) => {
  let reached = false;
  const { url } = await startUpstream((_req, res) => {
    reached = true;
    res.end();
  });
  const answer = await sendRaw((await startGatewayTo(url)).address, message);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).toMatch(/x-trace-id: [0-9a-f]{32}/);
  expect(reached).toBe(false);
});

test('reads nothing more from the connection after a body that is too large', async () => {
  let requests = 0;
  const { url } = await startUpstream((_req, res) => {
    requests += 1;
    res.end();
  });
  const first = `POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: ${32 * 1024 * 1024 + 1}\r\n\r\n`;
  const answer = await sendRaw((await startGatewayTo(url)).address, `${first}GET /v1/y HTTP/1.1\r\nhost: x\r\n\r\n`);
  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413']);
  expect(answer).toContain('"payload_too_large"');
  expect(requests).toBe(0);
});

test('`Expect: 100-continue` returns 413 for a body that is too large', async () => {
  const { url } = await startUpstream((req, res) => void req.resume().on('end', () => res.end('ok')));
  const { address } = await startGatewayTo(url);
  const head = (length: number) =>
    `POST /v1/x HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: ${length}\r\n\r\n`;
  expect(await sendRaw(address, head(40_000_000))).toMatch(/^HTTP\/1\.1 413 /);
  expect(await sendRaw(address, `${head(2)}ab`)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
});

test('slow headers time out after five seconds, while other requests are served', async () => {
  const { url } = await startUpstream((_req, res) => res.end('ok'));
  const { address } = await startGatewayTo(url);
  const began = performance.now();
  const slow = Array.from({ length: 200 }, () => sendRaw(address, 'GET /v1/x HTTP/1.1\r\nhost: '));
  expect((await fetch(`${address}/v1/x`)).status).toBe(200);
  expect((await Promise.all(slow)).every((answer) => answer.startsWith('HTTP/1.1 408 '))).toBe(true);
  expect(performance.now() - began).toBeGreaterThan(4_500);
  expect(performance.now() - began).toTakeLessThan(9_000);
});
