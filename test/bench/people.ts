import { randomBytes } from 'node:crypto';

/** A registered user with an access token. */
export type Person = { login: string; password: string; token: string };

/** Calls the API. Throws if the response is not 2xx. */
export async function call<T>(url: string, method: string, path: string, token?: string, body?: unknown): Promise<T> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text) as T;
}

export async function signUp(url: string, count: number): Promise<Person[]> {
  const people: Person[] = [];
  for (let n = 0; n < count; n++) {
    const login = `bench-${randomBytes(6).toString('hex')}`;
    const password = 'Passw0rd-1';
    const body = { login, email: `${login}@example.test`, password };
    const { access_token: token } = await call<{ access_token: string }>(url, 'POST', '/v1/auth/register', undefined, body);
    people.push({ login, password, token });
  }
  return people;
}

/** Creates a thread with messages. The title is set so that a run does not call the model to generate one. */
export async function openThread(url: string, { token }: Person, messages: readonly string[]): Promise<string> {
  const { id } = await call<{ id: string }>(url, 'POST', '/v1/threads', token, { title: 'Measured' });
  for (const content of messages) await call(url, 'POST', `/v1/threads/${id}/messages`, token, { content });
  return id;
}
