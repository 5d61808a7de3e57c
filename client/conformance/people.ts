import type { Call, HttpResponse } from './call.ts';

export type Person = { id: string; accountId: string; login: string; email: string; password: string; token: string; cookie: string };

/** An error that the user can fix; printed as one line. */
export class KitError extends Error {
  override readonly name = 'KitError';
}

/** Status and reason (else code, else the first 80 characters of the body) for error messages. */
export const describeResponse = ({ status, body, text }: HttpResponse): string =>
  [status, body?.details?.reason ?? body?.error ?? text.slice(0, 80)].filter((part) => part !== '').join(' ');

/** Throws a KitError if the server does not register the user. */
export async function register(call: Call): Promise<Person> {
  const login = `conformance-${crypto.randomUUID().slice(0, 13)}`;
  const person = { login, email: `${login}@example.test`, password: `Passw0rd-${crypto.randomUUID()}` };
  const answer = await call('POST', '/v1/auth/register', { body: person });
  if (answer.status !== 201) throw new KitError(`the server registers no user: ${describeResponse(answer)}`);
  return { ...person, ...(await signedIn(call, answer)) };
}

export async function logIn(call: Call, login: string, password: string): Promise<Person> {
  const answer = await call('POST', '/v1/auth/login', { body: { login, password } });
  if (answer.status !== 200) throw new KitError(`the sign-in was refused: ${describeResponse(answer)}`);
  return { login, password, email: '', ...(await signedIn(call, answer)) };
}

/** The user of an access token. */
export async function tokenOf(call: Call, token: string): Promise<Person> {
  const { id, accountId } = await ownerOf(call, token);
  return { id, accountId, login: '', password: '', email: '', token, cookie: '' };
}

async function signedIn(call: Call, { body, headers }: HttpResponse) {
  const token: unknown = body?.access_token;
  if (typeof token !== 'string') throw new KitError('the sign-in brought no access_token');
  return { token, cookie: headers.get('set-cookie')?.split(';')[0] ?? '', ...(await ownerOf(call, token)) };
}

async function ownerOf(call: Call, token: string): Promise<{ id: string; accountId: string }> {
  const answer = await call('GET', '/v1/me', { token });
  if (answer.status !== 200) throw new KitError(`GET /v1/me with the token was refused: ${describeResponse(answer)}`);
  return { id: answer.body.id, accountId: answer.body.account_id };
}

export async function isPlatformAdmin(call: Call, { token }: Pick<Person, 'token'>): Promise<boolean> {
  const { body } = await call('GET', '/v1/me', { token });
  return Array.isArray(body?.permissions) && body.permissions.includes('platform.admin');
}
