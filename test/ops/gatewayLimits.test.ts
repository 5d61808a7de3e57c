import { request } from 'node:http';
import { expect, test } from 'vitest';
import { gatewayTo, raw, upstreamOf } from './upstream.ts';

test('a body beyond 32 MiB is refused, announced or not, and never reaches the API whole', async () => {
  let whole = 0;
  const { url } = await upstreamOf((req, res) => {
    req.resume().on('end', () => {
      whole += 1;
      res.end();
    });
  });
  const { address } = await gatewayTo(url);
  const upload = (headers: Record<string, string>, chunks: number) =>
    new Promise<number | undefined>((resolve, reject) => {
      const outgoing = request(address, { method: 'POST', headers }, (response) => resolve(response.resume().statusCode));
      outgoing.on('error', reject);
      const chunk = Buffer.alloc(1024 * 1024);
      const more = () => {
        if (outgoing.destroyed) return;
        if (chunks-- <= 0) return outgoing.end();
        outgoing.write(chunk) ? setImmediate(more) : outgoing.once('drain', more);
      };
      more();
    });
  expect(await upload({ 'content-length': `${32 * 1024 * 1024 + 1}` }, 1)).toBe(413);
  expect(await upload({ 'transfer-encoding': 'chunked' }, 33)).toBe(413);
  expect(whole).toBe(0);
  expect(await upload({ 'transfer-encoding': 'chunked' }, 32)).toBe(200);
});

test.each([
  ['two lengths', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', 400],
  ['length and chunks', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['no HTTP', 'nonsense\r\n\r\n', 400],
  ['17 KiB of headers', `GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(17_000)}\r\n\r\n`, 431],
])('%s is refused and not forwarded', async (_, message, status) => {
  let reached = false;
  const { url } = await upstreamOf((_req, res) => {
    reached = true;
    res.end();
  });
  const answer = await raw((await gatewayTo(url)).address, message);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).toMatch(/x-trace-id: [0-9a-f]{32}/);
  expect(reached).toBe(false);
});
