import { expect, test } from 'vitest';
import { sharedTestApp } from '../../support/app/testApp.ts';
import { statusAndReason } from '../../support/http/responses.ts';
import { codeFor, queuedMails } from '../../support/resources/mail.ts';

const app = await sharedTestApp({ ARKLOOP_TRUST_X_FORWARDED_FOR: '1' });
const { call, sql, signUp } = app;
const from = (ip: string) => ({ headers: { 'x-forwarded-for': ip } });
const send = (email: string, ip: string) => call('POST', '/v1/auth/email/otp/send', { body: { email }, ...from(ip) });
const verify = (email: string, otp: string, ip: string) =>
  call('POST', '/v1/auth/email/otp/verify', { body: { email, otp, reset_access: true }, ...from(ip) });
const wrongCode = (code: string) => String(10_000_000 + ((Number(code) - 10_000_000 + 1) % 90_000_000));
const countOtpMailsTo = async (email: string) => (await queuedMails(app, email)).filter(({ kind }) => kind === 'otp').length;
let addressNumber = 0;
/** `count` IP addresses that no test has used. */
const unusedAddresses = (count: number) =>
  Array.from({ length: count }, () => `198.51.${100 + Math.floor(++addressNumber / 250)}.${addressNumber % 250}`);
const homeAddress = '203.0.113.7';

test('an attacker locks out only their own IP address, and the victim can sign in meanwhile', async () => {
  const { email } = await signUp();
  await send(email, homeAddress);
  const code = await codeFor(app, email);
  const [attacker] = unusedAddresses(1) as [string];
  const guesses = await Promise.all(Array.from({ length: 60 }, () => verify(email, wrongCode(code), attacker)));
  expect(guesses.map(({ status }) => status).sort()).toEqual([...Array(8).fill(401), ...Array(52).fill(429)]);
  expect(statusAndReason(await verify(email, code, attacker))).toEqual([429, 'otp_locked']);
  const hammering = Array.from({ length: 20 }, () => verify(email, wrongCode(code), attacker));
  expect((await verify(email, code, homeAddress)).status).toBe(200);
  await Promise.all(hammering);
});

test('other IP addresses share five guesses at a code, which stays valid for the IP address that requested it', async () => {
  const { email } = await signUp();
  await send(email, homeAddress);
  const code = await codeFor(app, email);
  const crowd = unusedAddresses(40);
  await Promise.all(crowd.flatMap((ip) => [verify(email, wrongCode(code), ip), verify(email, wrongCode(code), ip)]));
  const [late] = unusedAddresses(1) as [string];
  expect(statusAndReason(await verify(email, code, late))).toEqual([401, 'otp_invalid']);
  expect((await verify(email, code, homeAddress)).status).toBe(200);
});

test('of parallel guesses from many IP addresses at most five are checked', async () => {
  const { email, id } = await signUp();
  await send(email, homeAddress);
  const code = await codeFor(app, email);
  await sql('update login_codes set foreign_guesses = 4 where user_id = $1', [id]);
  const crowd = unusedAddresses(20);
  const answers = await Promise.all(crowd.map((ip, at) => verify(email, at === 0 ? code : wrongCode(code), ip)));
  expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
  const [{ left }] = await sql('select count(*)::int as left from login_codes where user_id = $1 and foreign_guesses > 5', [id]);
  expect(left).toBe(0);
});

test('a code is valid on another network, and a new code to the same IP address replaces it', async () => {
  const { email } = await signUp();
  await send(email, homeAddress);
  const first = await codeFor(app, email);
  await send(email, homeAddress);
  const second = await codeFor(app, email);
  const [mobile] = unusedAddresses(1) as [string];
  if (first !== second) expect((await verify(email, first, mobile)).status).toBe(401);
  expect((await verify(email, second, mobile)).status).toBe(200);
  expect((await verify(email, second, homeAddress)).status).toBe(401);
});

test("codes requested by others replace no code, and leave the mail limit of the user's known IP addresses alone", async () => {
  const person = await signUp();
  await sql('update sessions set ip = $2 where user_id = $1', [person.id, '203.0.113.44']);
  expect((await send(person.email, '203.0.113.44')).status).toBe(204);
  const own = await codeFor(app, person.email);
  const asked = await Promise.all(unusedAddresses(30).map((ip) => send(person.email, ip)));
  expect(asked.map(({ status }) => status).sort()).toEqual([...Array(12).fill(204), ...Array(18).fill(429)]);
  expect(new Set(asked.filter(({ status }) => status === 429).map((answer) => statusAndReason(answer)[1]))).toEqual(
    new Set(['otp_rate_limited']),
  );
  expect((await send(person.email, unusedAddresses(1)[0]!)).status).toBe(429);
  expect(await countOtpMailsTo(person.email)).toBe(13);
  expect((await verify(person.email, own, '203.0.113.44')).status).toBe(200);
  expect((await send(person.email, '203.0.113.44')).status).toBe(204);
  const [{ left }] = await sql('select count(*)::int as left from login_codes where user_id = $1', [person.id]);
  expect(left).toBe(1);
});

test('an unknown address has the same limits as a known one', async () => {
  const { email } = await signUp();
  const sequence = async (to: string) => {
    const [asker, ...others] = unusedAddresses(16) as [string, ...string[]];
    const statuses: unknown[] = [];
    for (let at = 0; at < 6; at++) statuses.push(statusAndReason(await send(to, asker)));
    for (const ip of others) statuses.push(statusAndReason(await send(to, ip)));
    for (let at = 0; at < 9; at++) statuses.push(statusAndReason(await verify(to, '10000000', asker)));
    for (const ip of others) statuses.push(statusAndReason(await verify(to, '10000000', ip)));
    return statuses;
  };
  const [unknown, known] = await Promise.all(['nobody-at-all@example.test', email].map(sequence));
  expect(unknown).toEqual(known);
});

test('all addresses of one IPv6 /64 network share a limit', async () => {
  const { email } = await signUp();
  await send(email, homeAddress);
  const code = await codeFor(app, email);
  const answers: unknown[] = [];
  for (let at = 0; at < 10; at++) answers.push((await verify(email, wrongCode(code), `2001:db8:0:77::${at + 1}`)).status);
  expect(answers).toEqual([...Array(8).fill(401), 429, 429]);
});

test('one wrong code for each of 100 users locks the IP address, and no other', async () => {
  const [spraying, calm] = unusedAddresses(2) as [string, string];
  for (let at = 0; at < 100; at++) expect((await verify(`spray-${at}@example.test`, '10000000', spraying)).status).toBe(401);
  expect(statusAndReason(await verify('spray-next@example.test', '10000000', spraying))).toEqual([429, 'otp_locked']);
  expect((await verify('spray-next@example.test', '10000000', calm)).status).toBe(401);
});
