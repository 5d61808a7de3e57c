import { createHmac, randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { Webhook as Svix } from 'svix';
import { expect, expectTypeOf, test } from 'vitest';
import { type WebhookErrorReason, webhooks, WebhookVerificationError } from '../../client/index.ts';
import type { WebhookEvent } from '../../contract/webhooks.ts';
import { headersOf } from '../../server/resources/webhooks/sending/sign.ts';

const key = randomBytes(32);
const secret = `whsec_${key.toString('base64')}`;
const other = `whsec_${randomBytes(32).toString('base64')}`;
const id = 'msg_01a2125d-7008-7ac5-be24-2440452c76c5';
const event = {
  type: 'run.completed',
  timestamp: '2026-01-02T03:04:05.678Z',
  data: { run_id: id.slice(4), status: 'completed', model: 'ü😀' },
};
const body = JSON.stringify(event);
const now = Math.floor(Date.now() / 1_000);

type Signed = { 'webhook-id': string; 'webhook-timestamp': string; 'webhook-signature': string };
const sign = (text: string | Buffer, at = now, by = key) =>
  `v1,${createHmac('sha256', by).update(`${id}.${at}.`).update(text).digest('base64')}`;
const signed = (changes: Partial<Signed> = {}): Signed => ({
  'webhook-id': id,
  'webhook-timestamp': String(now),
  'webhook-signature': sign(body),
  ...changes,
});

/** Returns the type of the verified event, or the reason of the verification error. */
const outcome = (
  headers: Record<string, string | string[] | undefined>,
  text: string | Uint8Array<ArrayBuffer> = body,
  by = secret,
  at?: number,
) =>
  webhooks.unwrap(headers, text, by, at === undefined ? {} : { now: at * 1_000 }).then(
    (found) => found.type,
    (error: unknown) => {
      expect(error).toBeInstanceOf(WebhookVerificationError);
      return (error as WebhookVerificationError).reason;
    },
  );

test('a signed event is accepted and typed by its `type`', async () => {
  const found = await webhooks.unwrap(signed(), body, secret);
  expect(found).toEqual(event);
  expectTypeOf(found).toEqualTypeOf<WebhookEvent>();
  if (found.type === 'run.failed') expectTypeOf(found.data.resumable).toEqualTypeOf<boolean | null>();
  // Headers as Node.js and as browsers represent them, and a body of bytes.
  const headers = signed();
  expect(
    await outcome({
      'Webhook-Id': headers['webhook-id'],
      'Webhook-Timestamp': headers['webhook-timestamp'],
      'Webhook-Signature': [headers['webhook-signature']],
    }),
  ).toBe('run.completed');
  expect((await webhooks.unwrap(new Headers(headers), new Uint8Array(Buffer.from(body)), secret)).type).toBe('run.completed');
});

const flipped = body.replace('completed', 'complated');
test.each<[name: string, headers: object, text: string, by: string, expected: WebhookErrorReason | 'run.completed']>([
  ['a changed byte of the body', signed(), flipped, secret, 'invalid_signature'],
  ['a reserialized body', signed(), JSON.stringify(event, null, 1), secret, 'invalid_signature'],
  ['another secret', signed(), body, other, 'invalid_signature'],
  ['another id', signed({ 'webhook-id': 'msg_other' }), body, secret, 'invalid_signature'],
  ['another timestamp', signed({ 'webhook-timestamp': String(now - 1) }), body, secret, 'invalid_signature'],
  [
    'signed 300 seconds ago',
    signed({ 'webhook-timestamp': String(now - 300), 'webhook-signature': sign(body, now - 300) }),
    body,
    secret,
    'run.completed',
  ],
  [
    'signed 301 seconds ago',
    signed({ 'webhook-timestamp': String(now - 301), 'webhook-signature': sign(body, now - 301) }),
    body,
    secret,
    'too_old',
  ],
  [
    'signed 300 seconds in the future',
    signed({ 'webhook-timestamp': String(now + 300), 'webhook-signature': sign(body, now + 300) }),
    body,
    secret,
    'run.completed',
  ],
  [
    'signed 301 seconds in the future',
    signed({ 'webhook-timestamp': String(now + 301), 'webhook-signature': sign(body, now + 301) }),
    body,
    secret,
    'too_new',
  ],
  ['an invalid timestamp', signed({ 'webhook-timestamp': '1e9' }), body, secret, 'invalid_timestamp'],
  [
    'two signatures, the second valid',
    signed({ 'webhook-signature': `${sign(body, now, Buffer.alloc(32))} ${sign(body)}` }),
    body,
    secret,
    'run.completed',
  ],
  [
    'two signatures, the first valid',
    signed({ 'webhook-signature': `${sign(body)} ${sign(body, now, Buffer.alloc(32))}` }),
    body,
    secret,
    'run.completed',
  ],
  ['two invalid signatures', signed({ 'webhook-signature': `${sign(flipped)} ${sign(body, now - 1)}` }), body, secret, 'invalid_signature'],
  ['a signature of another version', signed({ 'webhook-signature': sign(body).replace('v1,', 'v1a,') }), body, secret, 'invalid_signature'],
  ['a truncated signature', signed({ 'webhook-signature': sign(body).slice(0, -8) }), body, secret, 'invalid_signature'],
  ['a signature that is not base64', signed({ 'webhook-signature': 'v1,%%%' }), body, secret, 'invalid_signature'],
  ['an empty signature', signed({ 'webhook-signature': 'v1,' }), body, secret, 'invalid_signature'],
  ['no id', { ...signed(), 'webhook-id': undefined }, body, secret, 'missing_header'],
  ['no timestamp', { ...signed(), 'webhook-timestamp': undefined }, body, secret, 'missing_header'],
  ['no signature', { ...signed(), 'webhook-signature': undefined }, body, secret, 'missing_header'],
  ['a secret without its prefix', signed(), body, key.toString('base64'), 'invalid_secret'],
  ['a secret that is not base64', signed(), body, 'whsec_%%%', 'invalid_secret'],
  ['an empty secret', signed(), body, 'whsec_', 'invalid_secret'],
  ['a signed body that is not JSON', signed({ 'webhook-signature': sign('hello') }), 'hello', secret, 'invalid_body'],
  ['a signed body that is not an event', signed({ 'webhook-signature': sign('[1]') }), '[1]', secret, 'invalid_body'],
])('%s', async (_, headers, text, by, expected) => {
  expect(await outcome(headers as Signed, text, by, now)).toBe(expected);
});

test('a signed body with invalid UTF-8 is rejected', async () => {
  const bytes = new Uint8Array([...Buffer.from('{"type":"'), 0xff, ...Buffer.from('"}')]);
  expect(await outcome(signed({ 'webhook-signature': sign(Buffer.from(bytes)) }), bytes)).toBe('invalid_body');
});

test("the server's headers are accepted by the client and third-party verifiers, with both secrets after a rotation", async () => {
  const message = { id, deliveryId: crypto.randomUUID(), eventType: 'run.completed', body };
  const headers = headersOf(message, [secret, other], new Date());
  for (const each of [secret, other]) {
    expect((await webhooks.unwrap(headers, body, each)).type).toBe('run.completed');
    for (const library of [new Webhook(each), new Svix(each)]) {
      library.verify(body, headers);
      expect(() => library.verify(flipped, headers)).toThrow();
    }
  }
  // Signatures by the third-party library are accepted too.
  const at = new Date();
  const theirs = signed({
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Svix(secret).sign(id, at, body),
  });
  expect(await outcome(theirs)).toBe('run.completed');
});

test('repeated deliveries keep their id, so a receiver can deduplicate them', async () => {
  const seen = new Set<string>();
  for (const at of [now - 30, now, now]) {
    const headers = signed({ 'webhook-timestamp': String(at), 'webhook-signature': sign(body, at) });
    await webhooks.unwrap(headers, body, secret);
    seen.add(headers['webhook-id']);
  }
  expect(seen.size).toBe(1);
});
