import { base32 } from 'oslo/encoding';
import { generateHOTP } from 'oslo/otp';
import { databaseNow } from '../../../server/platform/databaseClock.ts';
import type { Person, TestApp } from '../app/testApp.ts';

/** The code that an authenticator app with the right clock shows, `steps` of 30 seconds from now. */
export const appCode = (secret: string, steps = 0): Promise<string> =>
  generateHOTP(base32.decode(secret, { strict: false }), Math.floor(databaseNow() / 30_000) + steps);

/** Starts the setup of a user whose address is verified, and returns the secret. */
export async function setUp({ call, sql }: Pick<TestApp, 'call' | 'sql'>, { id, token, password }: Person): Promise<string> {
  await sql('update users set email_verified_at = now() where id = $1', [id]);
  const { status, body, text } = await call('POST', '/v1/me/second-factor/setup', { token, body: { current_password: password } });
  if (status !== 200) throw new Error(`setup of the second factor: ${status} ${text}`);
  return body.secret;
}

/** Turns the second factor of a user on. Codes of the current step can be used again. */
export async function enrol(app: Pick<TestApp, 'call' | 'sql'>, person: Person) {
  const { id, token } = person;
  const secret = await setUp(app, person);
  const confirmed = await app.call('POST', '/v1/me/second-factor/confirm', { token, body: { code: await appCode(secret) } });
  if (confirmed.status !== 200) throw new Error(`second factor: ${confirmed.status} ${confirmed.text}`);
  await app.sql('update second_factors set last_step = 0 where user_id = $1', [id]);
  return { secret, recoveryCodes: confirmed.body.recovery_codes as string[] };
}
