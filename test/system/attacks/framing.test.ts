import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { echo, startGatewayTo, startUpstream } from '../../support/gateway/upstream.ts';
import { rawSend, request } from '../../support/http/raw.ts';

const smuggled = 'GET /v1/smuggled HTTP/1.1\r\nhost: x\r\n\r\n';
const chunked = 'transfer-encoding: chunked\r\n';
const post = (headers: string, body: string, version = '1.1') => `POST /v1/x HTTP/${version}\r\nhost: x\r\n${headers}\r\n${body}`;
const get = (line: string, headers = 'host: x\r\n') => `${line}\r\n${headers}\r\n`;

test.each([
  ['both lengths, chunked first', post(`${chunked}content-length: 4\r\n`, `5c\r\n${smuggled}0\r\n\r\n`)],
  ['both lengths, chunked last', post(`content-length: 6\r\n${chunked}`, `0\r\n\r\n${smuggled}`)],
  ['a length of two numbers', post('content-length: 2, 40\r\n', `{}${smuggled}`)],
  ['two different lengths', post('content-length: 2\r\ncontent-length: 40\r\n', `{}${smuggled}`)],
  ['a length with a sign', post('content-length: +2\r\n', `{}${smuggled}`)],
  ['a negative length', post('content-length: -1\r\n', smuggled)],
  ['a length in another base', post('content-length: 0x2\r\n', `{}${smuggled}`)],
  ['a length that overflows', post('content-length: 99999999999999999999\r\n', `{}${smuggled}`)],
  ['two codings in two headers', post(`${chunked}transfer-encoding: identity\r\n`, `0\r\n\r\n${smuggled}`)],
  ['the same coding twice', post(`${chunked}${chunked}`, `0\r\n\r\n${smuggled}`)],
  ['a coding with a tab', post('transfer-encoding: \tchunked, x\r\n', `0\r\n\r\n${smuggled}`)],
  ['a coding in quotes', post('transfer-encoding: "chunked"\r\n', `0\r\n\r\n${smuggled}`)],
  ['an empty coding', post('transfer-encoding:\r\n', `0\r\n\r\n${smuggled}`)],
  ['chunks in HTTP/1.0', post(chunked, `0\r\n\r\n${smuggled}`, '1.0')],
  ['a space before the colon', post('transfer-encoding : chunked\r\n', `0\r\n\r\n${smuggled}`)],
  ['a folded coding', post('transfer-encoding:\r\n chunked\r\n', `0\r\n\r\n${smuggled}`)],
  ['a chunk without a size', post(chunked, `zz\r\n{}\r\n0\r\n\r\n${smuggled}`)],
  ['a chunk size that overflows', post(chunked, `ffffffffffffffffff\r\n{}\r\n0\r\n\r\n${smuggled}`)],
  ['a chunk whose line ends early', post(chunked, `2\n{}\r\n0\r\n\r\n${smuggled}`)],
  ['a chunk longer than its size', post(chunked, `2\r\n{}x\r\n0\r\n\r\n${smuggled}`)],
  ['an oversized chunk extension', post(chunked, `2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n${smuggled}`)],
  ['a bare line feed', `GET /v1/x HTTP/1.1\nhost: x\n\n${smuggled}`],
  ['a line feed between headers', get('GET /v1/x HTTP/1.1', 'host: x\r\nx-a: a\nx-b: b\r\n')],
  ['HTTP/2 without negotiation', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${smuggled}`],
  ['HTTP/1.2', get('GET /v1/x HTTP/1.2')],
  ['HTTP/9.9', get('GET /v1/x HTTP/9.9')],
  ['the start of a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
  ['a lowercase method', get('get /v1/x HTTP/1.1')],
  ['an unknown method', get('BREW /v1/x HTTP/1.1')],
  ['OPTIONS of the server', get('OPTIONS * HTTP/1.1')],
  ['a path with a space', get('GET /v1/x y HTTP/1.1')],
  ['a path with a tab', get('GET /v1/x\ty HTTP/1.1')],
  ['a path with NUL', get('GET /v1/x\0y HTTP/1.1')],
  ['a path with a fragment', get('GET /v1/x#y HTTP/1.1')],
  ['a path that is not ASCII', get('GET /v1/\xe9 HTTP/1.1')],
  ['a path without a leading slash', get('GET v1/x HTTP/1.1')],
  ['another server with credentials', get('GET http://u:p@evil.example/v1/x HTTP/1.1')],
  ['a length in a trailer', post(chunked, `2\r\n{}\r\n0\r\ncontent-length: 7\r\n\r\n${smuggled}`)],
  ['a header without a name', get('GET /v1/x HTTP/1.1', 'host: x\r\n: a\r\n')],
  ['a name with a space', get('GET /v1/x HTTP/1.1', 'host: x\r\nx a: b\r\n')],
])('%s is rejected once, closes the connection, and no complete request reaches the API', async (_, message) => {
  let whole = 0;
  const { url } = await startUpstream((req, res) => void req.resume().on('end', () => res.end(`${++whole}`)));
  const { address } = await startGatewayTo(url);
  const { all, closed } = await rawSend(address, message, { quietMs: 400 });
  const statuses = [...all.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
  expect([statuses, closed]).toEqual([[expect.toBeOneOf([400, 405, 413])], true]);
  await sleep(20);
  expect(whole).toBe(0);
});

test('pipelined requests are answered in order, each with its own body', async () => {
  const { url } = await startUpstream(echo);
  const { address } = await startGatewayTo(url);
  const { all } = await rawSend(
    address,
    `${request('GET /v1/one')}${request('POST /v1/two', { 'content-length': 5 }, 'three')}${request('GET /v1/four', { connection: 'close' })}`,
  );
  const seen = [...all.matchAll(/^\{.*\}/gm)].map(([text]) => JSON.parse(text));
  expect(seen.map(({ url, body }) => [url, body])).toEqual([
    ['/v1/one', ''],
    ['/v1/two', 'three'],
    ['/v1/four', ''],
  ]);
});

test('trailers do not become headers, and an upgrade opens no tunnel', async () => {
  const { url } = await startUpstream(echo);
  const { address } = await startGatewayTo(url);
  const trailers = 'x-account-id: evil\r\nauthorization: Bearer evil\r\n';
  const behind = await rawSend(address, post(`${chunked}trailer: x-account-id\r\n`, `2\r\n{}\r\n0\r\n${trailers}\r\n`));
  expect([behind.status, behind.text.includes('"body":"{}"'), behind.text.includes('evil')]).toEqual([200, true, false]);
  for (const upgrade of ['h2c', 'websocket', 'TLS/1.2']) {
    const headers = { connection: 'upgrade, http2-settings', upgrade, 'http2-settings': 'AAMAAABkAARAAAAAAAIAAAAA' };
    const { status, text } = await rawSend(address, request('GET /v1/x', headers));
    expect([status, /upgrade|http2-settings/i.test(text)]).toEqual([200, false]);
  }
});
