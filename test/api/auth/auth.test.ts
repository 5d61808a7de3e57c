import { hash as argon2 } from '@node-rs/argon2';
import { expect, test } from 'vitest';
import { startTestApp } from '../../support/app/testApp.ts';
import { enrol } from '../../support/resources/secondFactor.ts';
import { useDatabaseClock } from '../../support/world/sameClock.ts';

useDatabaseClock();

const { call, sql, signUp } = await startTestApp({ ARKLOOP_TRUST_X_FORWARDED_FOR: '1' }, { worker: false, costlyHashes: true });

let addressNumber = 0;
/** Headers with a new IP address, so that no test uses up the attempts of another. */
const fromNewAddress = () => ({ 'x-forwarded-for': `203.0.113.${++addressNumber}` });
const logIn = (login: string, password: string, headers: Record<string, string> = fromNewAddress()) =>
  call('POST', '/v1/auth/login', { body: { login, password }, headers });

test('an unknown login and a wrong password get the same response for about the same processor time', async () => {
  const { login } = await signUp();
  const unknown = await logIn('nobody-at-all', 'abc12345');
  const wrong = await logIn(login, 'abc12345');
  const bare = ({ status, body, headers }: typeof wrong) => [status, { ...body, trace_id: '' }, [...headers.keys()]];
  expect(bare(wrong)).toEqual(bare(unknown));
  expect([wrong.status, wrong.body.details]).toEqual([401, { reason: 'invalid_credentials' }]);
  expect(wrong.headers.get('set-cookie')).toBeNull();
  // The processor time of the process, which other load on the machine hardly changes. Password hashes are nearly all of it.
  const costOf = async (name: string) => {
    const start = process.cpuUsage();
    await logIn(name, 'abc12345');
    const { user, system } = process.cpuUsage(start);
    return user + system;
  };
  const costs: [number, number][] = [];
  for (let at = 0; at < 15; at++) costs.push([await costOf(login), await costOf(`nobody-${at}`)]);
  const [ofKnown, ofUnknown] = [0, 1].map((column) => Math.min(...costs.map((pair) => pair[column]!)));
  expect(ofKnown! / ofUnknown!).toBeGreaterThan(0.6);
  expect(ofKnown! / ofUnknown!).toBeLessThan(1.67);
});

test('logins and addresses are case-insensitive, passwords are compared byte by byte', async () => {
  const long = `${'é'.repeat(80)}1aZ`;
  const { login, email } = await signUp({ password: long });
  for (const name of [login.toUpperCase(), ` ${login} `, email, email.toUpperCase()]) expect((await logIn(name, long)).status).toBe(200);
  const others = [`${long} `, ` ${long}`, `${long}\u0301`, long.normalize('NFD'), long.slice(0, 72), `${long}${long}`, long.toUpperCase()];
  for (const other of others) expect([other, (await logIn(login, other)).status]).toEqual([other, 401]);
  for (const bad of ['', 'x'.repeat(1_025)]) expect((await logIn(login, bad)).status).toBe(400);
  for (const bad of ['', '  ', 'x'.repeat(257)]) expect((await logIn(bad, long)).status).toBe(400);
  expect((await logIn(login, 'x'.repeat(1_024))).status).toBe(401);
});

test('ten wrong passwords lock the pair of login and IP address until the window ends', async () => {
  const { login, password } = await signUp();
  const here = fromNewAddress();
  const guesses = await Promise.all(Array.from({ length: 30 }, (_, at) => logIn(login, `guess-${at}`, here)));
  expect(guesses.map(({ status }) => status).sort()).toEqual([...Array(10).fill(401), ...Array(20).fill(429)]);
  const asked = Date.now();
  const right = await logIn(login.toUpperCase(), password, here);
  expect([right.status, right.body.details.reason]).toEqual([429, 'login_rate_limited']);
  const wait = Number(right.headers.get('retry-after'));
  const [{ left }] = await sql(
    `select max(extract(epoch from window_ends - now()))::float8 as left from attempt_counts where bucket like 'login:%'`,
  );
  expect(wait - left).toBeGreaterThan(-1);
  expect(wait - left).toBeLessThan(1 + (Date.now() - asked) / 1_000);
  expect((await logIn(login, password)).status).toBe(200);
  await sql('update attempt_counts set window_ends = now()');
  expect((await logIn(login, password, here)).status).toBe(200);
});

test('a success resets the counter of the pair, and an IP address has 100 failures in all', async () => {
  const { login, password } = await signUp();
  const here = fromNewAddress();
  const wrong = (times: number, name = login) => Promise.all(Array.from({ length: times }, () => logIn(name, 'wrong', here)));
  for (let round = 0; round < 3; round++) {
    expect((await wrong(9)).every(({ status }) => status === 401)).toBe(true);
    expect((await logIn(login, password, here)).status).toBe(200);
  }
  const address = `login:${here['x-forwarded-for']}`;
  expect(await sql('select count from attempt_counts where bucket = $1', [address])).toEqual([{ count: 27 }]);
  await sql('update attempt_counts set count = 99 where bucket = $1', [address]);
  expect((await logIn('somebody else', 'wrong', here)).status).toBe(401);
  expect((await logIn('yet another', 'wrong', here)).status).toBe(429);
  expect((await logIn(login, password, here)).status).toBe(429);
});

test('twenty parallel sign-ins with the right password all succeed', async () => {
  const { login, password } = await signUp();
  const here = fromNewAddress();
  const answers = await Promise.all(Array.from({ length: 20 }, () => logIn(login, password, here)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
});

test('a suspension is revealed only with the right password', async () => {
  const { id, login, password } = await signUp();
  await sql(`update users set status = 'suspended' where id = $1`, [id]);
  expect((await logIn(login, 'wrong-pass')).body.details.reason).toBe('invalid_credentials');
  const right = await logIn(login, password);
  expect([right.status, right.body.details.reason]).toEqual([403, 'user_suspended']);
  await sql(`update users set status = 'deleted' where id = $1`, [id]);
  expect((await logIn(login, password)).status).toBe(401);
});

test('sign-in requires a verified address if so configured', async () => {
  const { id, login, password } = await signUp();
  await sql(`update feature_flags set default_value = true where key = 'auth.require_email_verification'`);
  expect((await logIn(login, 'wrong-pass')).status).toBe(401);
  expect((await logIn(login, password)).body.details.reason).toBe('email_not_verified');
  await sql('update users set email_verified_at = now() where id = $1', [id]);
  expect((await logIn(login, password)).status).toBe(200);
  await sql(`update feature_flags set default_value = false where key = 'auth.require_email_verification'`);
});

test('a sign-in with a weak old hash rehashes the password and recreates a missing project', async () => {
  const { id, login, accountId } = await signUp();
  const old = await argon2(Buffer.from('weak').toString('base64'), { memoryCost: 8_192, timeCost: 1, parallelism: 1 });
  await sql('update credentials set password_hash = $2 where user_id = $1', [id, old]);
  await sql('delete from projects where account_id = $1', [accountId]);
  const answers = await Promise.all([logIn(login, 'weak'), logIn(login, 'weak'), logIn(login, 'weak')]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  const [{ password_hash: hash, last_login_at: at }] = await sql(
    'select password_hash, last_login_at from credentials c join users u on u.id = c.user_id where u.id = $1',
    [id],
  );
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(Date.now() - Date.parse(at)).toTakeLessThan(5_000);
  expect((await logIn(login, 'weak')).status).toBe(200);
  expect(await sql('select name from projects where account_id = $1', [accountId])).toEqual([{ name: 'Default' }]);

  // Also if the sign-in then waits for a second factor.
  const careful = await signUp();
  await enrol({ call, sql }, careful);
  await sql('update credentials set password_hash = $2 where user_id = $1', [careful.id, old]);
  expect((await logIn(careful.login, 'weak')).body.details.reason).toBe('second_factor_required');
  const [renewed] = await sql('select password_hash from credentials where user_id = $1', [careful.id]);
  expect(renewed.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
});

test('a failed and a successful sign-in are audited with the hash of the login only', async () => {
  const { id, login, password, accountId } = await signUp();
  await logIn(login, 'wrong-pass');
  await logIn(login, password);
  const hash = (
    await sql(`select metadata ->> 'login_hash' as h from audit_logs where action = 'user.register' and target_id = $1`, [id])
  )[0].h;
  const entries = await sql(`select * from audit_logs where action = 'user.login' and metadata ->> 'login_hash' = $1 order by id`, [hash]);
  expect(
    entries.map(({ account_id, actor_user_id, target_type, target_id }) => [account_id, actor_user_id, target_type, target_id]),
  ).toEqual([
    [null, null, 'user_login', hash],
    [accountId, id, 'user', id],
  ]);
  expect(entries.map(({ metadata }) => metadata)).toEqual([
    { result: 'failed', method: 'password', login_hash: hash },
    { result: 'succeeded', method: 'password', login_hash: hash },
  ]);
  expect(JSON.stringify(entries)).not.toContain(login);
});

test('a sign-in whose audit entry cannot be written succeeds', async () => {
  const { login, password } = await signUp();
  await sql(`alter table audit_logs add constraint no_entries check (action <> 'user.login') not valid`);
  const { status, body } = await logIn(login, password);
  await sql('alter table audit_logs drop constraint no_entries');
  expect(status).toBe(200);
  expect((await call('GET', '/v1/me', { token: body.access_token })).status).toBe(200);
});
