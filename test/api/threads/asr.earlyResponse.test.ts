import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { formOf } from '../../support/http/forms.ts';

const { call, signUp } = await sharedTestApp();
const secret = 'gsk_secret-7f3d09c1a2';
const alice = await signUp();

let answer = '';
/** A provider that responds after reading the headers, and closes the connection without reading the body. */
const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', () => {
    socket.pause().write(answer);
    socket.destroySoon();
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
afterAll(() => void server.close());
const base_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
await call('POST', '/v1/asr-credentials', {
  token: alice.token,
  body: { name: 'early', provider: 'openai', api_key: secret, model: 'whisper-1', base_url, is_default: true },
});

const json = (status: string, body: object) => {
  const text = JSON.stringify(body);
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`;
};

test.each([
  [
    '401 Unauthorized',
    { error: { message: `Incorrect API key provided: ${secret}.`, type: 'invalid_request_error' } },
    'upstream_auth_failed',
    401,
    'Incorrect API key provided: [redacted].',
  ],
  [
    '400 Bad Request',
    { error: { message: 'Audio file is too short.', code: 'audio_too_short' } },
    'upstream_request_failed',
    400,
    'Audio file is too short.',
  ],
  ['400 Bad Request', { error: 'invalid language' }, 'upstream_request_failed', 400, 'invalid language'],
  ['400 Bad Request', { message: 'no model' }, 'upstream_request_failed', 400, 'no model'],
] as const)(
  '%s %j sent before the body is read is returned with its status and message, five times in a row',
  async (status, body, reason, status_code, words) => {
    answer = json(status, body);
    const form = formOf([{ filename: 'talk.wav', type: 'audio/wav', content: Buffer.alloc(20 * 2 ** 20, 7) }]);
    for (let turn = 0; turn < 5; turn++) {
      const refused = await call('POST', '/v1/asr/transcribe', { token: alice.token, raw: form.raw, headers: form.headers });
      expect([refused.status, refused.body.details]).toEqual([502, { reason, status_code, upstream_message: words }]);
      expect(refused.text).not.toContain(secret);
    }
  },
);
