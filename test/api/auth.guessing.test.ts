import { expect, test } from 'vitest';
import { codeFor, queuedMails } from '../setup/mail.ts';
import { reason } from '../setup/sessions.ts';
import { startWorld } from '../setup/world.ts';

const world = await startWorld({ ARKLOOP_TRUST_X_FORWARDED_FOR: '1' }, { worker: false });
const { call, sql, signUp } = world;
const from = (ip: string) => ({ headers: { 'x-forwarded-for': ip } });
const send = (email: string, ip: string) => call('POST', '/v1/auth/email/otp/send', { body: { email }, ...from(ip) });
const verify = (email: string, otp: string, ip: string) => call('POST', '/v1/auth/email/otp/verify', { body: { email, otp }, ...from(ip) });
const wrong = (code: string) => String(10_000_000 + ((Number(code) - 10_000_000 + 1) % 90_000_000));
const codesTo = async (email: string) => (await queuedMails(world, email)).filter(({ kind }) => kind === 'otp').length;
let networks = 0;
/** Addresses that no test has used, `count` of them. */
const strangers = (count: number) => Array.from({ length: count }, () => `198.51.${100 + Math.floor(++networks / 250)}.${networks % 250}`);
const home = '203.0.113.7';

test('a stranger who hammers is locked out alone, and the victim signs in meanwhile', async () => {
  const { email } = await signUp();
  await send(email, home);
  const code = await codeFor(world, email);
  const [attacker] = strangers(1) as [string];
  const guesses = await Promise.all(Array.from({ length: 60 }, () => verify(email, wrong(code), attacker)));
  expect(guesses.map(({ status }) => status).sort()).toEqual([...Array(8).fill(401), ...Array(52).fill(429)]);
  expect(reason(await verify(email, code, attacker))).toEqual([429, 'otp_locked']);
  const hammering = Array.from({ length: 20 }, () => verify(email, wrong(code), attacker));
  expect((await verify(email, code, home)).status).toBe(200);
  await Promise.all(hammering);
});

test('all strangers together have five guesses at a code, which stays good for the address that asked for it', async () => {
  const { email } = await signUp();
  await send(email, home);
  const code = await codeFor(world, email);
  const crowd = strangers(40);
  await Promise.all(crowd.flatMap((ip) => [verify(email, wrong(code), ip), verify(email, wrong(code), ip)]));
  const [late] = strangers(1) as [string];
  expect(reason(await verify(email, code, late))).toEqual([401, 'otp_invalid']);
  expect((await verify(email, code, home)).status).toBe(200);
});

test('of the guesses of many strangers at once no more than five are looked at', async () => {
  const { email, id } = await signUp();
  await send(email, home);
  const code = await codeFor(world, email);
  await sql('update login_codes set foreign_guesses = 4 where user_id = $1', [id]);
  const crowd = strangers(20);
  const answers = await Promise.all(crowd.map((ip, at) => verify(email, at === 0 ? code : wrong(code), ip)));
  expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
  const [{ left }] = await sql('select count(*)::int as left from login_codes where user_id = $1 and foreign_guesses > 5', [id]);
  expect(left).toBe(0);
});

test('a code is good on another network, and a new one of the same asker voids it', async () => {
  const { email } = await signUp();
  await send(email, home);
  const first = await codeFor(world, email);
  await send(email, home);
  const second = await codeFor(world, email);
  const [mobile] = strangers(1) as [string];
  if (first !== second) expect((await verify(email, first, mobile)).status).toBe(401);
  expect((await verify(email, second, mobile)).status).toBe(200);
  expect((await verify(email, second, home)).status).toBe(401);
});

test('strangers who ask for codes void none, and use up no mail of the places that the user signed in from', async () => {
  const person = await signUp();
  await sql('update sessions set ip = $2 where user_id = $1', [person.id, '203.0.113.44']);
  expect((await send(person.email, '203.0.113.44')).status).toBe(204);
  const own = await codeFor(world, person.email);
  const asked = await Promise.all(strangers(30).map((ip) => send(person.email, ip)));
  expect(asked.map(({ status }) => status).sort()).toEqual([...Array(12).fill(204), ...Array(18).fill(429)]);
  expect(new Set(asked.filter(({ status }) => status === 429).map((answer) => reason(answer)[1]))).toEqual(new Set(['otp_rate_limited']));
  expect((await send(person.email, strangers(1)[0]!)).status).toBe(429);
  expect(await codesTo(person.email)).toBe(13);
  expect((await verify(person.email, own, '203.0.113.44')).status).toBe(200);
  expect((await send(person.email, '203.0.113.44')).status).toBe(204);
  const [{ left }] = await sql('select count(*)::int as left from login_codes where user_id = $1', [person.id]);
  expect(left).toBe(1);
});

test('an unknown mailbox has the same limits, so that they tell nothing', async () => {
  const { email } = await signUp();
  const sequence = async (to: string) => {
    const [asker, ...others] = strangers(16) as [string, ...string[]];
    const statuses: unknown[] = [];
    for (let at = 0; at < 6; at++) statuses.push(reason(await send(to, asker)));
    for (const ip of others) statuses.push(reason(await send(to, ip)));
    for (let at = 0; at < 9; at++) statuses.push(reason(await verify(to, '10000000', asker)));
    for (const ip of others) statuses.push(reason(await verify(to, '10000000', ip)));
    return statuses;
  };
  expect(await sequence('nobody-at-all@example.test')).toEqual(await sequence(email));
});

test('the addresses of one IPv6 subscriber guess as one', async () => {
  const { email } = await signUp();
  await send(email, home);
  const code = await codeFor(world, email);
  const answers: unknown[] = [];
  for (let at = 0; at < 10; at++) answers.push((await verify(email, wrong(code), `2001:db8:0:77::${at + 1}`)).status);
  expect(answers).toEqual([...Array(8).fill(401), 429, 429]);
});

test('one wrong code for each of many users closes the address, for those who guess from it only', async () => {
  const [spraying, calm] = strangers(2) as [string, string];
  for (let at = 0; at < 100; at++) expect((await verify(`spray-${at}@example.test`, '10000000', spraying)).status).toBe(401);
  expect(reason(await verify('spray-next@example.test', '10000000', spraying))).toEqual([429, 'otp_locked']);
  expect((await verify('spray-next@example.test', '10000000', calm)).status).toBe(401);
});
