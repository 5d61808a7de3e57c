import type { Person, TestApp } from '../app/testApp.ts';
import { type Authenticator, createAuthenticator, type Wrongs } from './authenticator.ts';

/** Calls around passkeys, for a test app whose base URL is http://localhost:19000. */
export function passkeyCalls({ call, sql }: Pick<TestApp, 'call' | 'sql'>) {
  const post = (path: string, body?: object, token?: string, headers: Record<string, string> = {}) =>
    call('POST', path, { headers, ...(token && { token }), ...(body && { body }) });

  /** The options of a registration. The address of the user is verified first. */
  async function creationOptions({ id, token, password }: Pick<Person, 'id' | 'token' | 'password'>, more: object = {}) {
    await sql('update users set email_verified_at = coalesce(email_verified_at, now()) where id = $1', [id]);
    const { status, body, text } = await post('/v1/me/passkeys/options', { current_password: password, ...more }, token);
    if (status !== 200) throw new Error(`options of a passkey: ${status} ${text}`);
    return body.public_key;
  }

  async function register(person: Person, { name = 'Laptop', authenticator = createAuthenticator() } = {}) {
    const credential = authenticator.create(await creationOptions(person));
    const { status, body, text } = await post('/v1/me/passkeys', { name, credential }, person.token);
    if (status !== 201) throw new Error(`registration of a passkey: ${status} ${text}`);
    return { authenticator, passkey: body as { id: string; name: string } };
  }

  async function requestOptions(challengeToken?: string) {
    const { status, body, text } = await post('/v1/auth/passkey/options', challengeToken ? { challenge_token: challengeToken } : {});
    if (status !== 200) throw new Error(`options of a sign-in: ${status} ${text}`);
    return body.public_key;
  }

  const verify = (credential: object, headers: Record<string, string> = {}) =>
    post('/v1/auth/passkey/verify', { credential }, undefined, headers);

  const signIn = async (authenticator: Authenticator, wrongs: Wrongs = {}) => verify(authenticator.get(await requestOptions(), wrongs));

  async function confirm(token: string, authenticator: Authenticator, wrongs: Wrongs = {}) {
    const { body } = await post('/v1/me/confirmation/options', undefined, token);
    return post('/v1/me/confirmation', { credential: authenticator.get(body.public_key, wrongs) }, token);
  }

  const list = async (token: string) => (await call('GET', '/v1/me/passkeys', { token })).body;

  return { post, creationOptions, register, requestOptions, verify, signIn, confirm, list };
}
