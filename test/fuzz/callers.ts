import { call } from '../bench/people.ts';

/** The identities that send requests. */
export const callers = ['user', 'key', 'admin', 'anonymous'] as const;
export type Caller = (typeof callers)[number];

export const admin = { login: 'fuzz-admin', email: 'fuzz-admin@example.test', password: 'Passw0rd-admin' };
const user = { login: 'fuzz-user', email: 'fuzz-user@example.test', password: 'Passw0rd-user' };

/** Returns the Schemathesis configuration that authenticates as a caller. */
export async function authenticationOf(caller: Caller, url: string): Promise<string> {
  if (caller === 'anonymous') return '';
  if (caller === 'admin') return signIn(admin);
  const { access_token: token } = await call<{ access_token: string }>(url, 'POST', '/v1/auth/register', undefined, user);
  if (caller === 'user') return signIn(user);
  const { key } = await call<{ key: string }>(url, 'POST', '/v1/api-keys', token, { name: 'fuzz' });
  // Operations that accept only access tokens get the key too: the document also describes that error.
  return ['accessToken', 'apiKey'].map((scheme) => `[auth.openapi.${scheme}]\nbearer = "${key}"\n`).join('');
}

/** Signs in again after a 401, because fuzzed requests also end sessions. */
const signIn = ({ login, password }: typeof user) => `[auth.dynamic.openapi.accessToken]
path = "/v1/auth/login"
payload = { login = "${login}", password = "${password}" }
extract_selector = "/access_token"
retry_on = [401]
`;
