import { expect, test } from 'vitest';
import { limiterKeyOf } from '../../../server/platform/limiterKey.ts';
import { parseClientAddress, rateLimitAddress } from '../../../server/platform/network/clientAddress.ts';
import { type Answer, startTestApp } from '../../support/app/testApp.ts';
import { behindGatewayEnv } from '../../support/gateway/testGateway.ts';
import { openThread } from '../../support/resources/conversation.ts';

const app = await startTestApp({ ...behindGatewayEnv, ARKLOOP_AUTH_REGISTRATIONS_PER_IP_HOUR: '5' }, { worker: false });
const { call, sql } = app;

let networks = 0;
/** Returns a generator of addresses in a new /64, in alternating notations. */
function newNetwork() {
  const prefix = `2001:db8:${(++networks).toString(16)}:a`;
  let hosts = 0;
  return () => (hosts++ % 2 ? `${prefix}:0:0:0:${hosts.toString(16)}` : `${prefix.toUpperCase()}::F${hosts.toString(16)}`);
}
const post = (path: string, body: object, ip: string, token?: string) =>
  call('POST', path, { body, headers: { 'x-forwarded-for': ip }, token });
const firstRejected = async (attempt: (n: number) => Promise<Answer>, most: number) => {
  for (let n = 0; n < most; n++) {
    const { status, body } = await attempt(n);
    if (status === 429) return [n, body.details.reason];
  }
  return [most, 'never'];
};

const owner = await app.signUp();
const { body: share } = await call('POST', `/v1/threads/${await openThread(app, owner, 'Hello')}:share`, {
  token: owner.token,
  body: { access_type: 'password', password: 'open sesame' },
});
const { login, token } = owner;

const limits: [name: string, most: number, attempt: (n: number, ip: string) => Promise<Answer>][] = [
  [
    'registration_rate_limited',
    5,
    (n, ip) => post('/v1/auth/register', { login: `v6-${n}`, email: `v6-${n}@example.test`, password: 'Passw0rd-1' }, ip),
  ],
  ['login_rate_limited', 10, (_, ip) => post('/v1/auth/login', { login, password: 'wrong' }, ip)],
  ['login_rate_limited', 100, (n, ip) => post('/v1/auth/login', { login: `nobody-${n}`, password: 'wrong' }, ip)],
  ['login_rate_limited', 10, (_, ip) => post('/v1/me/password', { current_password: 'wrong', new_password: 'Passw0rd-2' }, ip, token)],
  ['lookup_rate_limited', 30, (_, ip) => post('/v1/auth/check', { login }, ip)],
  ['lookup_rate_limited', 30, (_, ip) => post('/v1/auth/resolve', { identity: login }, ip)],
  ['share_rate_limited', 10, (_, ip) => post(`/v1/s/${share.token}/verify`, { password: 'wrong' }, ip)],
];

test.each(limits)('%s: requests from changing addresses of one IPv6 /64 are rejected after %i', async (reason, most, attempt) => {
  const next = newNetwork();
  expect(await firstRejected((n) => attempt(n, next()), most + 3)).toEqual([most, reason]);
  expect((await attempt(most + 10, newNetwork()())).status).not.toBe(429);
});

test('an IPv4-mapped address counts as the IPv4 address', async () => {
  const spellings = ['192.0.2.77', '::ffff:192.0.2.77', '::ffff:c000:24d', '0:0:0:0:0:FFFF:192.0.2.77'];
  const refused = await firstRejected((n) => post('/v1/auth/check', { login }, spellings[n % spellings.length]!), 40);
  expect(refused).toEqual([30, 'lookup_rate_limited']);
});

test('no rate limit bucket contains a full IPv6 address', async () => {
  const buckets = (await sql('select bucket from attempt_counts')).map(({ bucket }) => bucket as string);
  const ofIPv6 = buckets.filter((bucket) => bucket.includes('2001:db8'));
  expect(ofIPv6.length).toBeGreaterThan(10);
  expect(ofIPv6.filter((bucket) => !bucket.endsWith('::/64'))).toEqual([]);
});

test('building a bucket key from a full client address does not compile', () => {
  const ip = parseClientAddress('2001:db8:1:2:3:4:5:6')!;
  // @ts-expect-error A whole address is not a part of a bucket.
  expect(limiterKeyOf('x', ip)).toBe('x:2001:db8:1:2:3:4:5:6');
  expect(limiterKeyOf('x', rateLimitAddress(ip))).toBe('x:2001:db8:1:2::/64');
  expect(['::1', '2001:db8::', 'fe80::1%eth0', '10.0.0.1'].map((text) => rateLimitAddress(parseClientAddress(text)!))).toEqual([
    '0:0:0:0::/64',
    '2001:db8:0:0::/64',
    'fe80:0:0:0::/64',
    '10.0.0.1',
  ]);
});
