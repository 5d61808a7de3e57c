import type { Answer, Call, CallOptions, Person } from '../app/testApp.ts';

/** The cookie that a response sets, in the form of a `Cookie` header. */
export const cookieOf = ({ headers }: Answer) => headers.get('set-cookie')?.split(';')[0] ?? '';

/** Calls that log in, refresh, use and end a session. */
export function sessionCalls(call: Call) {
  return {
    refresh: (cookie: string | undefined, headers: Record<string, string> = {}, options: CallOptions = {}) =>
      call('POST', '/v1/auth/refresh', { ...options, headers: { ...(cookie !== undefined && { cookie }), ...headers } }),
    me: (token: string, headers: Record<string, string> = {}) => call('GET', '/v1/me', { token, headers }),
    async logIn({ login, password }: Pick<Person, 'login' | 'password'>) {
      const answer = await call('POST', '/v1/auth/login', { body: { login, password } });
      return { token: answer.body.access_token as string, cookie: cookieOf(answer), answer };
    },
    logOut: (token: string, body: unknown = {}, cookie?: string) =>
      call('POST', '/v1/auth/logout', { token, body, ...(cookie && { headers: { cookie } }) }),
  };
}
