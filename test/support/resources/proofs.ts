import type { Answer, Person, TestApp } from '../app/testApp.ts';
import { codeFor } from './mail.ts';

/** Calls that prove an email address, and those that show the effects. */
export function proofCalls(app: Pick<TestApp, 'call' | 'sql'>) {
  const post = (path: string, body: unknown, options: Parameters<TestApp['call']>[2] = {}) => app.call('POST', path, { body, ...options });
  return {
    post,
    /** `priorAccess`: what is to become of the access before the first proof. */
    async byCode({ email }: Pick<Person, 'email'>, priorAccess: object = { reset_access: true }): Promise<Answer> {
      await post('/v1/auth/email/otp/send', { email });
      return post('/v1/auth/email/otp/verify', { email, otp: await codeFor(app, email), ...priorAccess });
    },
    works: async (token: string) => (await app.call('GET', '/v1/threads', { token })).status,
    noticesOf: async (token: string) => (await app.call('GET', '/v1/notifications?type=user.access_reset', { token })).body.data,
  };
}
